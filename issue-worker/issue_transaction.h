#ifndef ISSUE_TRANSACTION_H
#define ISSUE_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mysql/sql_session.h"
#include "issue-worker/batch_body.h"
#include "issue-worker/dead_letter.h"
#include "issue-worker/issue_attempt.h"
#include "issue-worker/issue_batch.h"
#include "issue-worker/issue_events.h"

/* Runs a batch as one transaction: fence, coupons, holdings, decisions, rows, dead letters, fence,
 * COMMIT. One a consumer, used by its thread. */
struct issue_transaction;

/* Called in the middle of a run. */
struct issue_transaction_hook {
    /* Once in each run, while the server writes the batch's rows: time for something else. */
    void (*meanwhile)(void *cookie);
    /* Several times a second while an answer of the database or the dead-letter topic is late. */
    void (*waiting)(void *cookie);
    void *cookie;
};

/* The pointers must live as long as the result. Connects when first used. events: what is issued
 * and what is sold out by it goes to the outbox. body: what is done between fences and COMMIT
 * instead of deciding issue requests; NULL: that. */
struct issue_transaction *issue_transaction_new(const struct sql_options *options,
                                                const char *topic, bool events,
                                                struct dead_letter *dead_letter,
                                                const struct batch_body *body,
                                                const struct issue_transaction_hook *hook);
void issue_transaction_free(struct issue_transaction *transaction);

/* Decide the batch; items get their verdicts. After an end that is not DONE nothing has changed,
 * but for a COMMIT whose answer was lost: running the same batch again finds that out by the fence.
 */
void issue_transaction_run(struct issue_transaction *transaction, struct issue_batch *batch,
                           struct issue_attempt *attempt);

/* Read the fences of partitions into next_offsets, -1 where there is none yet. False: *fault says
 * why not. In a hook this works too, over another connection; the fence is then where it was before
 * the run. */
bool issue_transaction_fences(struct issue_transaction *transaction, const int32_t *partitions,
                              size_t count, int64_t *next_offsets, struct sql_fault *fault);

/* Run a query whose answer is one number. False: *fault says why not. Not in a hook. */
bool issue_transaction_count(struct issue_transaction *transaction, const struct strbuf *query,
                             int64_t *count, struct sql_fault *fault);

/* Of the last batch that was DONE: the coupons whose last one it issued. Valid until the next run.
 */
const struct issue_sold_out *issue_transaction_sold_out(const struct issue_transaction *transaction,
                                                        size_t *count);

#endif
