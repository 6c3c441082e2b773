#ifndef ISSUE_EVENTS_H
#define ISSUE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "issue-worker/issue_batch.h"

/* A coupon whose last one the batch issued. */
struct issue_sold_out {
    uint64_t coupon_id;
    uint32_t total_stock;
};

/* The statement that puts the batch's events into the outbox, in the place of what out held:
 * "issued" of each winner in the order of the batch, then "sold-out" of the coupons given. Returns
 * how many there are; with 0, out is empty. The batch's coupons are locked by its transaction, so
 * the order holds for each coupon from batch to batch. Pure. */
size_t issue_events_statement(struct strbuf *out, const struct issue_batch *batch,
                              const struct issue_sold_out *sold_out, size_t sold_out_count,
                              int64_t now_ms);

#endif
