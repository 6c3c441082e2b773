#include "common/coupon/discount.h"

#include <inttypes.h>

#include "common/base/check.h"

/* The whole hundreds and the rest apart: no product is larger than the amount itself. */
static int64_t percent_of(int64_t amount, int64_t percent)
{
    return amount / 100 * percent + amount % 100 * percent / 100;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t discount_of(const struct coupon *coupon, int64_t order_amount)
{
    int64_t discount = coupon->discount_value;

    CHECK(order_amount >= 0 && discount >= 0, "amount %" PRId64 ", value %" PRId64, order_amount,
          discount);
    if (coupon->discount_type == COUPON_PERCENT) {
        CHECK(discount <= 100, "%" PRId64 " percent", discount);
        discount = percent_of(order_amount, discount);
    }
    if (coupon->max_discount_amount >= 0)
        discount = smaller(discount, coupon->max_discount_amount);
    return smaller(discount, order_amount);
}
