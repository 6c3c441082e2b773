#include "api-gateway/coupon_transition.h"

#include "common/base/check.h"

enum coupon_step coupon_transition(enum coupon_status from, enum coupon_status wanted)
{
    CHECK(wanted != COUPON_DRAFT, "no coupon becomes a draft again");
    if (from == wanted)
        return COUPON_STEP_NONE;
    if (from == COUPON_CLOSED)
        return COUPON_STEP_CLOSED;
    if (wanted == COUPON_PAUSED && from != COUPON_OPEN)
        return COUPON_STEP_NOT_OPEN;
    return COUPON_STEP_CHANGE;
}
