#ifndef COUPON_ROW_H
#define COUPON_ROW_H

#include "common/contract/coupon.h"

/* The columns of table coupon in the order that coupon_row_read expects. */
#define COUPON_ROW_COLUMNS                                                                         \
    "coupon_id,policy_id,name,discount_type,discount_value,min_order_amount,max_discount_amount,"  \
    "total_stock,issued_count,per_user_limit,issue_starts_at,issue_ends_at,valid_until,"           \
    "valid_for_seconds,status,closed_at,version"

/* Fill coupon from a row of these columns. */
void coupon_row_read(char **values, const unsigned long *lengths, struct coupon *coupon);

#endif
