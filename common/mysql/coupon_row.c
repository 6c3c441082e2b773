#include "common/mysql/coupon_row.h"

#include <stdio.h>
#include <string.h>

#include "common/base/check.h"
#include "common/mysql/sql_session.h"

void coupon_row_read(char **values, const unsigned long *lengths, struct coupon *coupon)
{
    memset(coupon, 0, sizeof *coupon);
    coupon->coupon_id = (uint64_t)sql_read_number(values[0], 0);
    coupon->policy_id = (uint64_t)sql_read_number(values[1], 0);
    snprintf(coupon->name, sizeof coupon->name, "%s", values[2]);
    coupon->discount_type = strcmp(values[3], "PERCENT") == 0 ? COUPON_PERCENT : COUPON_FIXED;
    coupon->discount_value = sql_read_number(values[4], 0);
    coupon->min_order_amount = sql_read_number(values[5], 0);
    coupon->max_discount_amount = sql_read_number(values[6], -1);
    coupon->total_stock = (uint32_t)sql_read_number(values[7], 0);
    coupon->issued_count = (uint32_t)sql_read_number(values[8], 0);
    coupon->per_user_limit = (uint32_t)sql_read_number(values[9], 0);
    coupon->issue_starts_at_ms = sql_read_time(values[10], lengths[10], 0);
    coupon->issue_ends_at_ms = sql_read_time(values[11], lengths[11], COUPON_NEVER_MS);
    coupon->valid_until_ms = sql_read_time(values[12], lengths[12], COUPON_NEVER_MS);
    coupon->valid_for_seconds = sql_read_number(values[13], 0);
    CHECK(coupon_status_parse(values[14], &coupon->status), "coupon status %s", values[14]);
    coupon->closed_at_ms = sql_read_time(values[15], lengths[15], COUPON_NEVER_MS);
    coupon->version = (uint32_t)sql_read_number(values[16], 0);
}
