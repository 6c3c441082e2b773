#include "common/contract/coupon_patch.h"

#include <string.h>

#include "common/contract/coupon_reading.h"
#include "common/contract/coupon_rules.h"

#define MAY_BE_NULL                                                                                \
    (COUPON_MEMBER_MAX_DISCOUNT | COUPON_MEMBER_ENDS_AT | COUPON_MEMBER_VALID_UNTIL |              \
     COUPON_MEMBER_VALID_FOR)
#define DISCOUNT                                                                                   \
    (COUPON_MEMBER_DISCOUNT_TYPE | COUPON_MEMBER_DISCOUNT_VALUE | COUPON_MEMBER_MIN_ORDER |        \
     COUPON_MEMBER_MAX_DISCOUNT)

/* Copy one member. */
static void take(struct coupon *to, const struct coupon *from, enum coupon_member member)
{
    switch (member) {
    case COUPON_MEMBER_NAME:
        memcpy(to->name, from->name, sizeof to->name);
        break;
    case COUPON_MEMBER_TOTAL_STOCK:
        to->total_stock = from->total_stock;
        break;
    case COUPON_MEMBER_USER_LIMIT:
        to->per_user_limit = from->per_user_limit;
        break;
    case COUPON_MEMBER_DISCOUNT_TYPE:
        to->discount_type = from->discount_type;
        break;
    case COUPON_MEMBER_DISCOUNT_VALUE:
        to->discount_value = from->discount_value;
        break;
    case COUPON_MEMBER_MIN_ORDER:
        to->min_order_amount = from->min_order_amount;
        break;
    case COUPON_MEMBER_MAX_DISCOUNT:
        to->max_discount_amount = from->max_discount_amount;
        break;
    case COUPON_MEMBER_STARTS_AT:
        to->issue_starts_at_ms = from->issue_starts_at_ms;
        break;
    case COUPON_MEMBER_ENDS_AT:
        to->issue_ends_at_ms = from->issue_ends_at_ms;
        break;
    case COUPON_MEMBER_VALID_UNTIL:
        to->valid_until_ms = from->valid_until_ms;
        break;
    case COUPON_MEMBER_VALID_FOR:
        to->valid_for_seconds = from->valid_for_seconds;
        break;
    }
}

static bool differs(const struct coupon *a, const struct coupon *b, enum coupon_member member)
{
    switch (member) {
    case COUPON_MEMBER_NAME:
        return strcmp(a->name, b->name) != 0;
    case COUPON_MEMBER_TOTAL_STOCK:
        return a->total_stock != b->total_stock;
    case COUPON_MEMBER_USER_LIMIT:
        return a->per_user_limit != b->per_user_limit;
    case COUPON_MEMBER_DISCOUNT_TYPE:
        return a->discount_type != b->discount_type;
    case COUPON_MEMBER_DISCOUNT_VALUE:
        return a->discount_value != b->discount_value;
    case COUPON_MEMBER_MIN_ORDER:
        return a->min_order_amount != b->min_order_amount;
    case COUPON_MEMBER_MAX_DISCOUNT:
        return a->max_discount_amount != b->max_discount_amount;
    case COUPON_MEMBER_STARTS_AT:
        return a->issue_starts_at_ms != b->issue_starts_at_ms;
    case COUPON_MEMBER_ENDS_AT:
        return a->issue_ends_at_ms != b->issue_ends_at_ms;
    case COUPON_MEMBER_VALID_UNTIL:
        return a->valid_until_ms != b->valid_until_ms;
    case COUPON_MEMBER_VALID_FOR:
        return a->valid_for_seconds != b->valid_for_seconds;
    }
    return false;
}

/* The set of members in the body; false: one is null that can't be. */
static bool read_set(const struct coupon_reading *reading, unsigned int *members)
{
    const char *names[COUPON_MEMBER_COUNT];
    const char *null_name = NULL;

    *members = 0;
    for (size_t i = 0; i < COUPON_MEMBER_COUNT; i++) {
        names[i] = coupon_member_name(i);
        if (!json_has_member(reading->body, names[i]))
            continue;
        *members |= 1u << i;
        if (!(MAY_BE_NULL & 1u << i) && json_is_null_member(reading->body, names[i]))
            null_name = names[i];
    }
    if (!coupon_reading_known(reading, "a change of a coupon", names, COUPON_MEMBER_COUNT))
        return false;
    if (null_name)
        return coupon_reading_fail(reading, "%s can't be null", null_name);
    return *members != 0 || coupon_reading_fail(reading, "the body names nothing to change");
}

bool coupon_patch_decode(const char *bytes, size_t len, struct coupon_patch *patch, bool *not_json,
                         char *error, size_t error_size)
{
    struct coupon_reading reading = {NULL, error, error_size};
    struct coupon *values = &patch->values;
    bool good;

    if (!coupon_reading_start(&reading, bytes, len, not_json))
        return false;
    coupon_set_defaults(values, 0);
    good = read_set(&reading, &patch->members) && coupon_reading_name(&reading, values) &&
           coupon_reading_stock(&reading, values) && coupon_reading_user_limit(&reading, values) &&
           coupon_reading_discount(&reading, values) &&
           coupon_reading_time(&reading, "issueStartsAt", &values->issue_starts_at_ms) &&
           coupon_reading_time(&reading, "issueEndsAt", &values->issue_ends_at_ms) &&
           coupon_reading_validity(&reading, values);
    json_free(reading.body);
    return good;
}

enum coupon_patch_end coupon_patch_apply(const struct coupon_patch *patch,
                                         const struct coupon *from, struct coupon *to,
                                         unsigned int *members, const char **wrong)
{
    *to = *from;
    *members = 0;
    for (size_t i = 0; i < COUPON_MEMBER_COUNT; i++) {
        enum coupon_member member = (enum coupon_member)(1u << i);

        if (!(patch->members & member) || !differs(&patch->values, from, member))
            continue;
        take(to, &patch->values, member);
        *members |= member;
    }
    if (*members == 0)
        return COUPON_PATCH_NONE;
    if (from->status == COUPON_CLOSED && *members != COUPON_MEMBER_NAME)
        return COUPON_PATCH_CLOSED;
    if (to->total_stock < from->issued_count)
        return COUPON_PATCH_BELOW_ISSUED;
    if (from->issued_count > 0 && *members & DISCOUNT)
        return COUPON_PATCH_GIVEN_OUT;
    *wrong = coupon_rules_check(to);
    return *wrong ? COUPON_PATCH_UNFIT : COUPON_PATCH_CHANGE;
}
