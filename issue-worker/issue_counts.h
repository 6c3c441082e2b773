#ifndef ISSUE_COUNTS_H
#define ISSUE_COUNTS_H

#include <stddef.h>

#include "issue-worker/issue_decision.h"
#include "issue-worker/issue_events.h"
#include "issue-worker/issue_statements.h"

/* What a batch leaves of its coupons: the counts that changed, and those that are sold out by it.
 * Zero-initialise; the arrays are kept from batch to batch. */
struct issue_counts {
    struct issue_count *changed;
    size_t changed_count;
    struct issue_sold_out *sold_out;
    size_t sold_out_count;
    size_t capacity; /* of both */
};

void issue_counts_free(struct issue_counts *counts);

/* Take them from the coupons as they were before the batch and what was decided. */
void issue_counts_take(struct issue_counts *counts, const struct issue_decision *decision,
                       const struct coupon *coupons, size_t coupon_count);

#endif
