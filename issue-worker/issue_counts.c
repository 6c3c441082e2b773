#include "issue-worker/issue_counts.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/check.h"

void issue_counts_free(struct issue_counts *counts)
{
    free(counts->changed);
    free(counts->sold_out);
}

static void reserve(struct issue_counts *counts, size_t capacity)
{
    if (counts->capacity >= capacity)
        return;
    counts->capacity = capacity;
    counts->changed = reallocarray(counts->changed, capacity, sizeof *counts->changed);
    counts->sold_out = reallocarray(counts->sold_out, capacity, sizeof *counts->sold_out);
    CHECK(counts->changed && counts->sold_out, "out of memory");
}

void issue_counts_take(struct issue_counts *counts, const struct issue_decision *decision,
                       const struct coupon *coupons, size_t coupon_count)
{
    reserve(counts, coupon_count);
    counts->changed_count = 0;
    counts->sold_out_count = 0;
    for (size_t i = 0; i < coupon_count; i++) {
        const struct coupon *coupon = &coupons[i];
        uint32_t issued = issue_decision_issued_count(decision, coupon->coupon_id);

        CHECK(issued <= coupon->total_stock, "coupon %" PRIu64 ": %" PRIu32 " issued of %" PRIu32,
              coupon->coupon_id, issued, coupon->total_stock);
        if (issued == coupon->issued_count)
            continue;
        counts->changed[counts->changed_count++] = (struct issue_count){coupon->coupon_id, issued};
        if (issued == coupon->total_stock)
            counts->sold_out[counts->sold_out_count++] =
                (struct issue_sold_out){coupon->coupon_id, coupon->total_stock};
    }
}
