#ifndef DLT_SCAN_H
#define DLT_SCAN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "issue-worker/dlt/dlt_audit.h"
#include "issue-worker/dlt/dlt_letter.h"
#include "issue-worker/dlt/dlt_options.h"
#include "issue-worker/dlt/dlt_progress.h"
#include "issue-worker/dlt/dlt_state.h"

/* A letter as a command gets it. */
struct dlt_view {
    const struct dlt_letter *letter;
    enum dlt_state state;
    int64_t first_offset; /* of the first letter about the same record, in the same partition */
};

/* True: go on. */
typedef bool (*dlt_visit)(void *cookie, const struct dlt_view *view);

/* One pass over the dead-letter topic, in bounded memory. */
struct dlt_scan {
    const struct dlt_options *options;
    struct dlt_audit *audit;
    dlt_visit visit;
    void *cookie;
    struct dlt_progress progress;
    int64_t read;    /* offsets passed */
    int64_t total;   /* offsets there are */
    int64_t acted;   /* for the progress line; the visitor counts */
    size_t ids_seen; /* of the filter's */
    bool stopped;    /* by the visitor */
    const volatile sig_atomic_t *interrupted;
};

/* Give each letter that the filter takes to visit, with its state as of shortly before. Ids that
 * are not in the topic are named on standard error. Returns an exit code of sysexits.h: EX_OK,
 * EX_DATAERR (an id is missing), EX_UNAVAILABLE (said on standard error why). */
int dlt_scan_run(struct dlt_scan *scan);

/* Say something on standard error, in a line of its own. */
void dlt_scan_say(struct dlt_scan *scan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
