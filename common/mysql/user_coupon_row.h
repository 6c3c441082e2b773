#ifndef USER_COUPON_ROW_H
#define USER_COUPON_ROW_H

#include "common/coupon/user_coupon.h"

/* The columns of table user_coupon, named u, in the order that user_coupon_row_read expects; and
 * how many they are. */
#define USER_COUPON_ROW_COLUMNS                                                                    \
    "u.coupon_id,u.issue_no,u.user_id,u.user_seq,u.status,u.issued_at,u.expires_at,u.used_at,"     \
    "u.change_no"
#define USER_COUPON_ROW_WIDTH 9

void user_coupon_row_read(char **values, const unsigned long *lengths, struct user_coupon *held);

/* The same for table coupon_order, named o. All of them NULL: COUPON_ORDER_NONE. */
#define COUPON_ORDER_ROW_COLUMNS                                                                   \
    "o.state,o.coupon_id,o.issue_no,o.order_amount,o.discount_amount,o.order_id"
#define COUPON_ORDER_ROW_WIDTH 6

void coupon_order_row_read(char **values, struct coupon_order *order);

#endif
