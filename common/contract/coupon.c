#include "common/contract/coupon.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/base/check.h"
#include "common/base/timestamp.h"

static const char *const status_names[] = {
    [COUPON_DRAFT] = "DRAFT",
    [COUPON_OPEN] = "OPEN",
    [COUPON_PAUSED] = "PAUSED",
    [COUPON_CLOSED] = "CLOSED",
};

static const char *const discount_names[] = {
    [COUPON_FIXED] = "FIXED",
    [COUPON_PERCENT] = "PERCENT",
};

const char *coupon_status_name(enum coupon_status status)
{
    CHECK(status >= COUPON_DRAFT && status <= COUPON_CLOSED, "status %d", (int)status);
    return status_names[status];
}

bool coupon_status_parse(const char *name, enum coupon_status *status)
{
    for (int i = COUPON_DRAFT; i <= COUPON_CLOSED; i++) {
        if (strcmp(name, status_names[i]) == 0) {
            *status = (enum coupon_status)i;
            return true;
        }
    }
    return false;
}

const char *coupon_discount_name(enum coupon_discount discount)
{
    CHECK(discount >= COUPON_FIXED && discount <= COUPON_PERCENT, "discount %d", (int)discount);
    return discount_names[discount];
}

bool coupon_discount_parse(const char *name, enum coupon_discount *discount)
{
    for (int i = COUPON_FIXED; i <= COUPON_PERCENT; i++) {
        if (strcmp(name, discount_names[i]) == 0) {
            *discount = (enum coupon_discount)i;
            return true;
        }
    }
    return false;
}

static void added(const cJSON *member)
{
    CHECK(member != NULL, "out of memory while JSON was written");
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    added(cJSON_AddStringToObject(object, name, text));
}

static void add_null(cJSON *object, const char *name)
{
    added(cJSON_AddNullToObject(object, name));
}

/* cJSON's own numbers are doubles, exact up to 2^53 only. */
static void add_integer(cJSON *object, const char *name, int64_t number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, number);
    added(cJSON_AddRawToObject(object, name, digits));
}

static void add_integer_unless(cJSON *object, const char *name, int64_t number, int64_t none)
{
    if (number == none)
        add_null(object, name);
    else
        add_integer(object, name, number);
}

static void add_time(cJSON *object, const char *name, int64_t wall_ms)
{
    char text[TIMESTAMP_SIZE];

    if (wall_ms == COUPON_NEVER_MS) {
        add_null(object, name);
        return;
    }
    timestamp_format(wall_ms, text);
    add_text(object, name, text);
}

static cJSON *make_public(const struct coupon *coupon)
{
    cJSON *object = cJSON_CreateObject();
    uint32_t remaining =
        coupon->issued_count < coupon->total_stock ? coupon->total_stock - coupon->issued_count : 0;

    added(object);
    add_integer(object, "couponId", (int64_t)coupon->coupon_id);
    add_integer_unless(object, "policyId", (int64_t)coupon->policy_id, 0);
    add_text(object, "name", coupon->name);
    add_text(object, "discountType", coupon_discount_name(coupon->discount_type));
    add_integer(object, "discountValue", coupon->discount_value);
    add_integer(object, "minOrderAmount", coupon->min_order_amount);
    add_integer_unless(object, "maxDiscountAmount", coupon->max_discount_amount, -1);
    add_integer(object, "totalStock", coupon->total_stock);
    add_integer(object, "remaining", remaining);
    add_integer(object, "perUserLimit", coupon->per_user_limit);
    add_time(object, "issueStartsAt", coupon->issue_starts_at_ms);
    add_time(object, "issueEndsAt", coupon->issue_ends_at_ms);
    add_time(object, "validUntil", coupon->valid_until_ms);
    add_integer_unless(object, "validForSeconds", coupon->valid_for_seconds, 0);
    add_text(object, "status", coupon_status_name(coupon->status));
    return object;
}

static void print(cJSON *object, struct strbuf *out)
{
    char *text = cJSON_PrintUnformatted(object);

    CHECK(text != NULL, "out of memory while JSON was written");
    strbuf_add_text(out, text);
    cJSON_free(text);
    cJSON_Delete(object);
}

void coupon_encode_public(const struct coupon *coupon, struct strbuf *out)
{
    print(make_public(coupon), out);
}

void coupon_encode(const struct coupon *coupon, struct strbuf *out)
{
    cJSON *object = make_public(coupon);

    add_integer(object, "issuedCount", coupon->issued_count);
    add_time(object, "closedAt", coupon->closed_at_ms);
    add_integer(object, "version", coupon->version);
    print(object, out);
}

static const char *const member_names[COUPON_MEMBER_COUNT] = {
    "name",          "totalStock",     "perUserLimit",      "discountType",
    "discountValue", "minOrderAmount", "maxDiscountAmount", "issueStartsAt",
    "issueEndsAt",   "validUntil",     "validForSeconds",
};

const char *coupon_member_name(size_t i)
{
    CHECK(i < COUPON_MEMBER_COUNT, "member %zu", i);
    return member_names[i];
}

void coupon_encode_members(const struct coupon *coupon, unsigned int members, struct strbuf *out)
{
    cJSON *all = make_public(coupon);
    cJSON *object = cJSON_CreateObject();

    added(object);
    for (size_t i = 0; i < COUPON_MEMBER_COUNT; i++)
        if (members & 1u << i)
            cJSON_AddItemToObject(object, member_names[i],
                                  cJSON_DetachItemFromObjectCaseSensitive(all, member_names[i]));
    add_integer(object, "version", coupon->version);
    cJSON_Delete(all);
    print(object, out);
}
