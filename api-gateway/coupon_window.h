#ifndef COUPON_WINDOW_H
#define COUPON_WINDOW_H

#include <stdbool.h>

#include "api-gateway/coupon_transaction.h"
#include "common/contract/coupon.h"

/* The windows of a policy. Pool threads only, inside a transaction. */

/* Keep others from adding or moving windows of coupon's policy until the transaction ends, and see
 * whether its window overlaps one of another coupon. A policy that nobody made gets its row, with
 * the coupon's name. */
enum sql_class coupon_window_check(struct coupon_transaction *transaction,
                                   const struct coupon *coupon, bool *overlaps);

#endif
