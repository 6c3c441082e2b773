#include "common/contract/coupon_rules.h"

#include <stddef.h>

const char *coupon_rules_check(const struct coupon *coupon)
{
    if (coupon->discount_type == COUPON_PERCENT &&
        (coupon->discount_value < 1 || coupon->discount_value > 100))
        return "discountValue must be an integer from 1 to 100 where discountType is PERCENT";
    if (coupon->issue_ends_at_ms <= coupon->issue_starts_at_ms)
        return "issueEndsAt must be after issueStartsAt (which is now when it is not given)";
    if (coupon->valid_until_ms <= coupon->issue_starts_at_ms)
        return "validUntil must be after issueStartsAt (which is now when it is not given)";
    if (coupon->valid_until_ms != COUPON_NEVER_MS && coupon->valid_for_seconds != 0)
        return "validUntil and validForSeconds exclude each other: give one of them, or neither";
    return NULL;
}
