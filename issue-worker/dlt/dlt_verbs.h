#ifndef DLT_VERBS_H
#define DLT_VERBS_H

#include <signal.h>
#include <stdbool.h>

#include "issue-worker/dlt/dlt_audit.h"
#include "issue-worker/dlt/dlt_options.h"

/* The commands themselves, one file each; replay and discard share one. *interrupted becomes true
 * when the run is to end early. They return the exit code. */
int dlt_list(const struct dlt_options *options, struct dlt_audit *audit,
             const volatile sig_atomic_t *interrupted);
int dlt_show(const struct dlt_options *options, struct dlt_audit *audit,
             const volatile sig_atomic_t *interrupted);
int dlt_act(const struct dlt_options *options, struct dlt_audit *audit,
            const volatile sig_atomic_t *interrupted);

#endif
