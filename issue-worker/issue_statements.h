#ifndef ISSUE_STATEMENTS_H
#define ISSUE_STATEMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/contract/coupon.h"
#include "issue-worker/issue_batch.h"

/* The SQL of one batch, as text; no I/O. Each function replaces the content of out; one that
 * returns a count leaves out empty and returns 0 where there is nothing to ask or write. Everything
 * written into a statement is a number, a time, or a text of [A-Za-z0-9._-]; the topic is such a
 * text too. Rows go in key order, which keeps two workers from deadlocking. */

/* The most values in one IN list. MariaDB turns a list of 1000 into a temporary table. */
#define ISSUE_STATEMENTS_IN_MAX 500

/* Lock the batch's fences: rows (partition_id, next_offset, now) in order of partition. */
void issue_statement_lock_fences(struct strbuf *out, const char *topic,
                                 const struct issue_batch *batch);

/* Make the rows that are missing. */
void issue_statement_make_fences(struct strbuf *out, const char *topic,
                                 const struct issue_batch *batch);

/* Move the fences behind the batch, never back: a worker that was replaced may hold records of one
 * partition that lie below its fence together with others. */
void issue_statement_move_fences(struct strbuf *out, const char *topic,
                                 const struct issue_batch *batch);

/* Which of the batch's requests are decided already: (request_id, coupon_id, user_id, is it
 * DEAD_LETTERED). */
size_t issue_statement_known(struct strbuf *out, const struct issue_batch *batch);

/* Ids of the coupons of these policies. */
void issue_statement_policy_coupons(struct strbuf *out, const uint64_t *policy_ids, size_t count);

/* Lock the coupons, ids ascending: rows of COUPON_ROW_COLUMNS. */
void issue_statement_lock_coupons(struct strbuf *out, const uint64_t *ids, size_t count);

/* What the users of the batch hold of these coupons: (coupon_id, user_id, count, last user_seq). */
struct issue_pair {
    uint64_t coupon_id;
    uint64_t user_id;
};
size_t issue_statement_holdings(struct strbuf *out, const struct issue_pair *pairs, size_t count);

/* Users of the coupon's rows behind issue_no first, up to last: (user_id). */
void issue_statement_holders(struct strbuf *out, uint64_t coupon_id, uint32_t first, uint32_t last);

/* Delete the results DEAD_LETTERED of requests that are decided by a replay; their new ones are
 * inserted after it. A result that came to be otherwise stays, and the insert runs into it. */
size_t issue_statement_delete_replayed(struct strbuf *out, const struct issue_batch *batch);

/* Insert the winners; the results. */
size_t issue_statement_insert_user_coupons(struct strbuf *out, const struct issue_batch *batch,
                                           int64_t now_ms);
size_t issue_statement_insert_results(struct strbuf *out, const struct issue_batch *batch,
                                      int64_t now_ms);

/* Set issued_count of coupons to the counts given beside them. */
struct issue_count {
    uint64_t coupon_id;
    uint32_t issued_count;
};
void issue_statement_update_coupons(struct strbuf *out, const struct issue_count *counts,
                                    size_t count);

#endif
