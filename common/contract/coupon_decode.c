#include "common/contract/coupon.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/contract/json.h"

#define SHOWN_NAME_MAX 60 /* bytes of a name that is told back */

static const char *const members[] = {
    "couponId",          "policyId",      "name",          "totalStock",
    "perUserLimit",      "discountType",  "discountValue", "minOrderAmount",
    "maxDiscountAmount", "issueStartsAt", "issueEndsAt",   "validUntil",
    "validForSeconds",   "status",
};

/* A body being read. Reading goes on only while nothing has failed. */
struct decoding {
    const struct json_t *body;
    char *error;
    size_t error_size;
};

static bool fail(const struct decoding *decoding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(const struct decoding *decoding, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(decoding->error, decoding->error_size, format, arguments);
    va_end(arguments);
    return false;
}

/* The readers leave what they fill as it was when the member is absent. */

static bool read_integer(const struct decoding *decoding, const char *name, int64_t min,
                         int64_t max, int64_t *number)
{
    if (json_get_integer(decoding->body, name, min, max, number) == JSON_FIELD_WRONG)
        return fail(decoding, "%s must be an integer from %" PRId64 " to %" PRId64, name, min, max);
    return true;
}

static bool read_u32(const struct decoding *decoding, const char *name, uint32_t min, uint32_t max,
                     uint32_t *number)
{
    int64_t wide = *number;

    if (!read_integer(decoding, name, min, max, &wide))
        return false;
    *number = (uint32_t)wide;
    return true;
}

static bool read_id(const struct decoding *decoding, const char *name, uint64_t *id)
{
    if (json_get_id(decoding->body, name, id) == JSON_FIELD_WRONG)
        return fail(decoding, "%s must be an integer from 1 to %" PRId64, name, INT64_MAX);
    return true;
}

/* Ids made by the database go up from the largest one there is, so that one must leave room. */
static bool read_coupon_id(const struct decoding *decoding, uint64_t *id)
{
    if (!read_id(decoding, "couponId", id))
        return false;
    if (*id > COUPON_ID_MAX)
        return fail(decoding, "couponId must be at most %" PRIu64, COUPON_ID_MAX);
    return true;
}

static bool read_time(const struct decoding *decoding, const char *name, int64_t *wall_ms)
{
    if (json_get_time(decoding->body, name, wall_ms) == JSON_FIELD_WRONG)
        return fail(decoding,
                    "%s must be an RFC 3339 date-time such as \"2030-01-31T09:00:00Z\", from 1970 "
                    "to 9999",
                    name);
    return true;
}

/* Characters of text, which is valid UTF-8; SIZE_MAX when one is a control character (C0, DEL, C1).
 */
static size_t count_characters(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        unsigned char next = (unsigned char)text[i + 1];

        if (byte < 0x20 || byte == 0x7F || (byte == 0xC2 && next < 0xA0))
            return SIZE_MAX;
        if ((byte & 0xC0) != 0x80)
            count++;
    }
    return count;
}

static bool read_name(const struct decoding *decoding, struct coupon *coupon)
{
    const char *text = NULL;
    size_t len = 0;
    enum json_field field = json_get_text(decoding->body, "name", &text, &len);
    size_t characters = field == JSON_FIELD_PRESENT ? count_characters(text, len) : 0;

    if (field == JSON_FIELD_ABSENT)
        return fail(decoding, "name is required");
    if (characters < 1 || characters > COUPON_NAME_MAX)
        return fail(decoding, "name must be 1 to %d characters, none of them a control character",
                    COUPON_NAME_MAX);
    memcpy(coupon->name, text, len + 1);
    return true;
}

static bool read_stock(const struct decoding *decoding, struct coupon *coupon)
{
    if (!read_u32(decoding, "totalStock", 1, COUPON_STOCK_MAX, &coupon->total_stock) ||
        !read_u32(decoding, "perUserLimit", 1, COUPON_USER_LIMIT_MAX, &coupon->per_user_limit))
        return false;
    if (coupon->total_stock == 0)
        return fail(decoding, "totalStock is required");
    return true;
}

static bool read_discount(const struct decoding *decoding, struct coupon *coupon)
{
    const char *type;
    size_t len;
    enum json_field field = json_get_text(decoding->body, "discountType", &type, &len);

    if (field == JSON_FIELD_WRONG ||
        (field == JSON_FIELD_PRESENT && !coupon_discount_parse(type, &coupon->discount_type)))
        return fail(decoding, "discountType must be FIXED or PERCENT");
    if (!read_integer(decoding, "discountValue", 0, COUPON_AMOUNT_MAX, &coupon->discount_value) ||
        !read_integer(decoding, "minOrderAmount", 0, COUPON_AMOUNT_MAX,
                      &coupon->min_order_amount) ||
        !read_integer(decoding, "maxDiscountAmount", 0, COUPON_AMOUNT_MAX,
                      &coupon->max_discount_amount))
        return false;
    if (coupon->discount_type == COUPON_PERCENT &&
        (coupon->discount_value < 1 || coupon->discount_value > 100))
        return fail(decoding, "discountValue must be an integer from 1 to 100 where discountType "
                              "is PERCENT");
    return true;
}

static bool read_times(const struct decoding *decoding, struct coupon *coupon)
{
    if (!read_time(decoding, "issueStartsAt", &coupon->issue_starts_at_ms) ||
        !read_time(decoding, "issueEndsAt", &coupon->issue_ends_at_ms) ||
        !read_time(decoding, "validUntil", &coupon->valid_until_ms) ||
        !read_integer(decoding, "validForSeconds", 1, COUPON_VALID_FOR_MAX,
                      &coupon->valid_for_seconds))
        return false;
    if (coupon->issue_ends_at_ms <= coupon->issue_starts_at_ms)
        return fail(decoding, "issueEndsAt must be after issueStartsAt (which is now when it is "
                              "not given)");
    if (coupon->valid_until_ms <= coupon->issue_starts_at_ms)
        return fail(decoding, "validUntil must be after issueStartsAt (which is now when it is "
                              "not given)");
    if (coupon->valid_until_ms != COUPON_NEVER_MS && coupon->valid_for_seconds != 0)
        return fail(decoding, "validUntil and validForSeconds exclude each other: give one of "
                              "them, or neither");
    return true;
}

static bool read_status(const struct decoding *decoding, struct coupon *coupon)
{
    const char *name;
    size_t len;
    enum json_field field = json_get_text(decoding->body, "status", &name, &len);

    if (field == JSON_FIELD_WRONG ||
        (field == JSON_FIELD_PRESENT && !coupon_status_parse(name, &coupon->status)) ||
        (coupon->status != COUPON_DRAFT && coupon->status != COUPON_OPEN))
        return fail(decoding, "status must be DRAFT or OPEN");
    return true;
}

/* A name that is mistyped must not pass for one that is not given. */
static bool refuse_unknown(const struct decoding *decoding)
{
    const size_t count = sizeof members / sizeof members[0];
    const char *unknown = json_unknown_member(decoding->body, members, count);
    struct strbuf known = STRBUF_INIT;

    if (unknown == NULL)
        return true;
    for (size_t i = 0; i < count; i++)
        strbuf_addf(&known, "%s%s", i == 0 ? "" : ", ", members[i]);
    fail(decoding, "\"%.*s\" is not a member of a coupon; allowed are %s", SHOWN_NAME_MAX, unknown,
         known.data);
    strbuf_free(&known);
    return false;
}

bool coupon_decode(const char *bytes, size_t len, int64_t now_ms, struct coupon *coupon,
                   bool *not_json, char *error, size_t error_size)
{
    struct decoding decoding = {NULL, error, error_size};
    struct json_t *body;
    char text[80];
    enum json_fault fault = json_read_object(bytes, len, &body, text, sizeof text);
    bool good;

    *not_json = fault == JSON_INVALID;
    if (fault != JSON_OK)
        return fail(&decoding, "the body cannot be read: %s", text);
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
    decoding.body = body;
    good = refuse_unknown(&decoding) && read_name(&decoding, coupon) &&
           read_stock(&decoding, coupon) && read_coupon_id(&decoding, &coupon->coupon_id) &&
           read_id(&decoding, "policyId", &coupon->policy_id) && read_discount(&decoding, coupon) &&
           read_times(&decoding, coupon) && read_status(&decoding, coupon);
    json_free(body);
    return good;
}
