#ifndef ISSUE_TRANSACTION_H
#define ISSUE_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mysql/sql_session.h"
#include "issue-worker/dead_letter.h"
#include "issue-worker/issue_batch.h"

/* Runs a batch as one transaction: fence, coupons, holdings, decisions, rows, fence, COMMIT. One a
 * consumer, used by its thread. */
struct issue_transaction;

/* Called once in each run, while the server writes the batch's rows: time for something else. */
struct issue_transaction_hook {
    void (*meanwhile)(void *cookie);
    void *cookie;
};

/* The pointers must live as long as the result. Connects when first used. */
struct issue_transaction *issue_transaction_new(const struct sql_options *options,
                                                const char *topic, struct dead_letter *dead_letter,
                                                const struct issue_transaction_hook *hook);
void issue_transaction_free(struct issue_transaction *transaction);

enum issue_transaction_end {
    ISSUE_TRANSACTION_DONE,    /* committed, or all of it was decided before */
    ISSUE_TRANSACTION_AGAIN,   /* rolled back; the same batch again will do */
    ISSUE_TRANSACTION_OUTAGE,  /* rolled back or unknown; MySQL or the DLT is away: the same again
                                  later */
    ISSUE_TRANSACTION_REFUSED, /* rolled back; MySQL refused a statement */
    ISSUE_TRANSACTION_GAP,   /* a span begins behind the fence though reading did not begin at it */
    ISSUE_TRANSACTION_MISFIT /* the schema is not this program's: stop */
};

/* Decide the batch. Items get their verdicts; *now_ms is the database's time of the decision. After
 * an end other than DONE nothing has changed, except that a COMMIT whose answer was lost may have;
 * running the same batch again finds that out by the fence. *fault says what happened (text for
 * logs). */
enum issue_transaction_end issue_transaction_run(struct issue_transaction *transaction,
                                                 struct issue_batch *batch, int64_t *now_ms,
                                                 struct sql_fault *fault);

/* Read the fences of partitions into next_offsets, -1 where there is none yet. In the hook this
 * works too, over another connection; the fence is then where it was before the run. */
enum issue_transaction_end issue_transaction_fences(struct issue_transaction *transaction,
                                                    const int32_t *partitions, size_t count,
                                                    int64_t *next_offsets, struct sql_fault *fault);

/* Of the last batch that was DONE: the coupons whose last one it issued. Valid until the next run.
 */
struct issue_sold_out {
    uint64_t coupon_id;
    uint32_t total_stock;
};
const struct issue_sold_out *issue_transaction_sold_out(const struct issue_transaction *transaction,
                                                        size_t *count);

#endif
