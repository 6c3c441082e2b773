#include "common/contract/coupon_reading.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_NAME_MAX 60 /* bytes of a name that is told back */

bool coupon_reading_fail(const struct coupon_reading *reading, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reading->error, reading->error_size, format, arguments);
    va_end(arguments);
    return false;
}

bool coupon_reading_start(struct coupon_reading *reading, const char *bytes, size_t len,
                          bool *not_json)
{
    char text[80];
    enum json_fault fault = json_read_object(bytes, len, &reading->body, text, sizeof text);

    *not_json = fault == JSON_INVALID;
    return fault == JSON_OK || coupon_reading_fail(reading, "the body cannot be read: %s", text);
}

bool coupon_reading_known(const struct coupon_reading *reading, const char *thing,
                          const char *const *names, size_t name_count)
{
    const char *unknown = json_unknown_member(reading->body, names, name_count);
    struct strbuf known = STRBUF_INIT;

    if (unknown == NULL)
        return true;
    for (size_t i = 0; i < name_count; i++)
        strbuf_addf(&known, "%s%s", i == 0 ? "" : ", ", names[i]);
    coupon_reading_fail(reading, "\"%.*s\" is not a member of %s; allowed are %s", SHOWN_NAME_MAX,
                        unknown, thing, known.data);
    strbuf_free(&known);
    return false;
}

bool coupon_reading_integer(const struct coupon_reading *reading, const char *name, int64_t min,
                            int64_t max, int64_t *number)
{
    if (json_get_integer(reading->body, name, min, max, number) == JSON_FIELD_WRONG)
        return coupon_reading_fail(reading, "%s must be an integer from %" PRId64 " to %" PRId64,
                                   name, min, max);
    return true;
}

bool coupon_reading_u32(const struct coupon_reading *reading, const char *name, uint32_t min,
                        uint32_t max, uint32_t *number)
{
    int64_t wide = *number;

    if (!coupon_reading_integer(reading, name, min, max, &wide))
        return false;
    *number = (uint32_t)wide;
    return true;
}

bool coupon_reading_time(const struct coupon_reading *reading, const char *name, int64_t *wall_ms)
{
    if (json_get_time(reading->body, name, wall_ms) == JSON_FIELD_WRONG)
        return coupon_reading_fail(
            reading,
            "%s must be an RFC 3339 date-time such as \"2030-01-31T09:00:00Z\", from 1970 to 9999",
            name);
    return true;
}

bool coupon_reading_id(const struct coupon_reading *reading, const char *name, uint64_t *id)
{
    if (json_get_id(reading->body, name, id) == JSON_FIELD_WRONG)
        return coupon_reading_fail(reading, "%s must be an integer from 1 to %" PRId64, name,
                                   INT64_MAX);
    if (*id > COUPON_ID_MAX)
        return coupon_reading_fail(reading, "%s must be at most %" PRIu64, name, COUPON_ID_MAX);
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

bool coupon_reading_name(const struct coupon_reading *reading, struct coupon *coupon)
{
    const char *text = NULL;
    size_t len = 0;
    enum json_field field = json_get_text(reading->body, "name", &text, &len);
    size_t characters = field == JSON_FIELD_PRESENT ? count_characters(text, len) : 0;

    if (field == JSON_FIELD_ABSENT)
        return true;
    if (characters < 1 || characters > COUPON_NAME_MAX)
        return coupon_reading_fail(
            reading, "name must be 1 to %d characters, none of them a control character",
            COUPON_NAME_MAX);
    memcpy(coupon->name, text, len + 1);
    return true;
}

bool coupon_reading_stock(const struct coupon_reading *reading, struct coupon *coupon)
{
    return coupon_reading_u32(reading, "totalStock", 1, COUPON_STOCK_MAX, &coupon->total_stock);
}

bool coupon_reading_user_limit(const struct coupon_reading *reading, struct coupon *coupon)
{
    return coupon_reading_u32(reading, "perUserLimit", 1, COUPON_USER_LIMIT_MAX,
                              &coupon->per_user_limit);
}

bool coupon_reading_discount(const struct coupon_reading *reading, struct coupon *coupon)
{
    const char *type;
    size_t len;
    enum json_field field = json_get_text(reading->body, "discountType", &type, &len);

    if (field == JSON_FIELD_WRONG ||
        (field == JSON_FIELD_PRESENT && !coupon_discount_parse(type, &coupon->discount_type)))
        return coupon_reading_fail(reading, "discountType must be FIXED or PERCENT");
    return coupon_reading_integer(reading, "discountValue", 0, COUPON_AMOUNT_MAX,
                                  &coupon->discount_value) &&
           coupon_reading_integer(reading, "minOrderAmount", 0, COUPON_AMOUNT_MAX,
                                  &coupon->min_order_amount) &&
           coupon_reading_integer(reading, "maxDiscountAmount", 0, COUPON_AMOUNT_MAX,
                                  &coupon->max_discount_amount);
}

bool coupon_reading_validity(const struct coupon_reading *reading, struct coupon *coupon)
{
    return coupon_reading_time(reading, "validUntil", &coupon->valid_until_ms) &&
           coupon_reading_integer(reading, "validForSeconds", 1, COUPON_VALID_FOR_MAX,
                                  &coupon->valid_for_seconds);
}

bool coupon_reading_status(const struct coupon_reading *reading, struct coupon *coupon)
{
    const char *name;
    size_t len;
    enum json_field field = json_get_text(reading->body, "status", &name, &len);

    if (field == JSON_FIELD_WRONG ||
        (field == JSON_FIELD_PRESENT && !coupon_status_parse(name, &coupon->status)) ||
        (coupon->status != COUPON_DRAFT && coupon->status != COUPON_OPEN))
        return coupon_reading_fail(reading, "status must be DRAFT or OPEN");
    return true;
}
