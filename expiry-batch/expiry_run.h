#ifndef EXPIRY_RUN_H
#define EXPIRY_RUN_H

#include <signal.h>

#include "common/mysql/sql_session.h"
#include "expiry-batch/config.h"
#include "expiry-batch/run_report.h"

/* One run from the first chunk to the last: limits, retries, progress. */

/* Do all that is due, or count it with dry_run, over session, which holds the run's lock. Ends
 * early, with all that was done committed, when a limit is reached, when *stop becomes true (a
 * signal handler's), or when the database fails (logged, RUN_FAILED). The report is filled but for
 * its duration. */
void expiry_run(const struct expiry_config *config, struct sql_session *session,
                const volatile sig_atomic_t *stop, struct run_report *report);

#endif
