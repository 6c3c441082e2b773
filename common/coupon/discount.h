#ifndef DISCOUNT_H
#define DISCOUNT_H

#include <stdint.h>

#include "common/contract/coupon.h"

/* What a coupon takes off an order. Amounts are whole numbers of the currency's smallest unit, 0 to
 * INT64_MAX, and every result is exact. Pure.
 *
 * FIXED takes off discount_value, PERCENT that share of the order, rounded down to a whole unit:
 * 10 % of 999 is 99, so nobody gets more than the share. Then the cap (max_discount_amount), and
 * last the order itself: an amount to pay is never below 0. */
int64_t discount_of(const struct coupon *coupon, int64_t order_amount);

#endif
