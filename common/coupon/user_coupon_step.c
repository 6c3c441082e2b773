#include "common/coupon/user_coupon_step.h"

#include "common/base/check.h"
#include "common/coupon/discount.h"

static bool is_owner(const struct user_coupon *held, const struct user_coupon_wish *wish)
{
    return wish->user_id == 0 || wish->user_id == held->user_id;
}

static bool is_of(const struct coupon_order *order, const struct user_coupon *held)
{
    return order->coupon_id == held->coupon_id && order->issue_no == held->issue_no;
}

static bool agrees(const struct user_coupon_wish *wish, int64_t discount)
{
    return !wish->discount_is_told || wish->discount_told == discount;
}

/* What stands in the way of a coupon that is not to be had any more. */
static enum user_coupon_step obstacle(const struct user_coupon *held, int64_t now_ms)
{
    switch (user_coupon_status_at(held, now_ms)) {
    case USER_COUPON_USED:
        return USER_COUPON_STEP_ALREADY_USED;
    case USER_COUPON_EXPIRED:
        return USER_COUPON_STEP_EXPIRED;
    case USER_COUPON_REVOKED:
        return USER_COUPON_STEP_REVOKED;
    case USER_COUPON_ISSUED:
        break;
    }
    return USER_COUPON_STEP_CHANGE;
}

enum user_coupon_step user_coupon_use(const struct user_coupon *held, const struct coupon *coupon,
                                      const struct coupon_order *order,
                                      const struct user_coupon_wish *wish, int64_t now_ms,
                                      int64_t *discount)
{
    enum user_coupon_step step;
    int64_t granted;

    if (held->coupon_id == 0)
        return USER_COUPON_STEP_UNKNOWN;
    if (!is_owner(held, wish))
        return USER_COUPON_STEP_FORBIDDEN;
    if (order->state == COUPON_ORDER_USED) {
        if (!is_of(order, held) || order->order_amount != wish->order_amount)
            return USER_COUPON_STEP_ORDER_MISMATCH;
        return agrees(wish, order->discount_amount) ? USER_COUPON_STEP_NONE
                                                    : USER_COUPON_STEP_AMOUNT_MISMATCH;
    }
    if (order->state == COUPON_ORDER_CLOSED)
        return USER_COUPON_STEP_ORDER_CANCELLED;
    step = obstacle(held, now_ms);
    if (step != USER_COUPON_STEP_CHANGE)
        return step;
    if (wish->order_amount < coupon->min_order_amount)
        return USER_COUPON_STEP_BELOW_MINIMUM;
    granted = discount_of(coupon, wish->order_amount);
    if (!agrees(wish, granted))
        return USER_COUPON_STEP_AMOUNT_MISMATCH;
    *discount = granted;
    return USER_COUPON_STEP_CHANGE;
}

enum user_coupon_step user_coupon_cancel(const struct user_coupon *held,
                                         const struct coupon_order *order,
                                         const struct user_coupon_wish *wish, int64_t now_ms)
{
    if (held->coupon_id == 0)
        return USER_COUPON_STEP_UNKNOWN;
    if (!is_owner(held, wish))
        return USER_COUPON_STEP_FORBIDDEN;
    if (order->state != COUPON_ORDER_NONE && is_of(order, held))
        return order->state == COUPON_ORDER_USED ? USER_COUPON_STEP_CHANGE : USER_COUPON_STEP_NONE;
    if (order->state == COUPON_ORDER_USED || held->status == USER_COUPON_USED)
        return USER_COUPON_STEP_ORDER_MISMATCH;
    return user_coupon_status_at(held, now_ms) == USER_COUPON_REVOKED ? USER_COUPON_STEP_REVOKED
                                                                      : USER_COUPON_STEP_NOT_USED;
}

enum user_coupon_step user_coupon_revoke(const struct user_coupon *held, int64_t now_ms)
{
    if (held->coupon_id == 0)
        return USER_COUPON_STEP_UNKNOWN;
    if (held->status == USER_COUPON_REVOKED)
        return USER_COUPON_STEP_NONE;
    return obstacle(held, now_ms);
}

static const struct {
    const char *name;
    const char *text;
} refusals[] = {
    [USER_COUPON_STEP_UNKNOWN] = {"UNKNOWN_COUPON",
                                  "No coupon was issued with this couponId and issueNo."},
    [USER_COUPON_STEP_FORBIDDEN] = {"FORBIDDEN", "This coupon is another user's."},
    [USER_COUPON_STEP_EXPIRED] = {"EXPIRED", "The coupon's time is over."},
    [USER_COUPON_STEP_REVOKED] = {"REVOKED", "The coupon was revoked."},
    [USER_COUPON_STEP_ALREADY_USED] = {"ALREADY_USED", "Another order has used the coupon."},
    [USER_COUPON_STEP_NOT_USED] = {"NOT_USED", "This order has not used the coupon."},
    [USER_COUPON_STEP_ORDER_MISMATCH] = {"ORDER_MISMATCH",
                                         "The order was used with another amount or coupon, or the "
                                         "coupon with another order."},
    [USER_COUPON_STEP_ORDER_CANCELLED] = {"ORDER_CANCELLED", "The shop has cancelled this order."},
    [USER_COUPON_STEP_BELOW_MINIMUM] = {"BELOW_MIN_ORDER_AMOUNT",
                                        "The order is below the coupon's minOrderAmount."},
    [USER_COUPON_STEP_AMOUNT_MISMATCH] = {"AMOUNT_MISMATCH",
                                          "The discount that was given is not the coupon's."},
};

const char *user_coupon_step_name(enum user_coupon_step step)
{
    CHECK(step > USER_COUPON_STEP_NONE && step <= USER_COUPON_STEP_AMOUNT_MISMATCH, "step %d",
          (int)step);
    return refusals[step].name;
}

const char *user_coupon_step_text(enum user_coupon_step step)
{
    CHECK(step > USER_COUPON_STEP_NONE && step <= USER_COUPON_STEP_AMOUNT_MISMATCH, "step %d",
          (int)step);
    return refusals[step].text;
}
