#include "common/contract/coupon.h"

#include "common/contract/coupon_reading.h"
#include "common/contract/coupon_rules.h"

static const char *const members[] = {
    "couponId",          "policyId",      "name",          "totalStock",
    "perUserLimit",      "discountType",  "discountValue", "minOrderAmount",
    "maxDiscountAmount", "issueStartsAt", "issueEndsAt",   "validUntil",
    "validForSeconds",   "status",
};

void coupon_set_defaults(struct coupon *coupon, int64_t now_ms)
{
    *coupon = (struct coupon){
        .discount_type = COUPON_FIXED,
        .max_discount_amount = -1,
        .per_user_limit = 1,
        .issue_starts_at_ms = now_ms,
        .issue_ends_at_ms = COUPON_NEVER_MS,
        .valid_until_ms = COUPON_NEVER_MS,
        .status = COUPON_DRAFT,
        .closed_at_ms = COUPON_NEVER_MS,
        .version = 1,
    };
}

static bool read_members(const struct coupon_reading *reading, struct coupon *coupon)
{
    if (!coupon_reading_known(reading, "a coupon", members, sizeof members / sizeof members[0]) ||
        !coupon_reading_name(reading, coupon) || !coupon_reading_stock(reading, coupon) ||
        !coupon_reading_user_limit(reading, coupon) ||
        !coupon_reading_id(reading, "couponId", &coupon->coupon_id) ||
        !coupon_reading_id(reading, "policyId", &coupon->policy_id) ||
        !coupon_reading_discount(reading, coupon) ||
        !coupon_reading_time(reading, "issueStartsAt", &coupon->issue_starts_at_ms) ||
        !coupon_reading_time(reading, "issueEndsAt", &coupon->issue_ends_at_ms) ||
        !coupon_reading_validity(reading, coupon) || !coupon_reading_status(reading, coupon))
        return false;
    if (coupon->name[0] == '\0')
        return coupon_reading_fail(reading, "name is required");
    if (coupon->total_stock == 0)
        return coupon_reading_fail(reading, "totalStock is required");
    return true;
}

bool coupon_decode(const char *bytes, size_t len, int64_t now_ms, struct coupon *coupon,
                   bool *not_json, char *error, size_t error_size)
{
    struct coupon_reading reading = {NULL, error, error_size};
    const char *wrong;
    bool good;

    if (!coupon_reading_start(&reading, bytes, len, not_json))
        return false;
    coupon_set_defaults(coupon, now_ms);
    good = read_members(&reading, coupon);
    json_free(reading.body);
    wrong = good ? coupon_rules_check(coupon) : NULL;
    return wrong ? coupon_reading_fail(&reading, "%s", wrong) : good;
}
