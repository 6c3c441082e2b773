/* The body that makes a coupon: taken or refused as a second reading says, its numbers exact and
 * within bounds, and shown again as JSON with the same members. */
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "common/base/timestamp.h"
#include "common/contract/coupon.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

#define NOW INT64_C(1645875102123)

/* A member that is absent or null keeps what number was. */
static bool model_integer(const json_t *body, const char *name, int64_t min, int64_t max,
                          int64_t *number)
{
    const json_t *value = json_object_get(body, name);

    if (value == NULL || json_is_null(value))
        return true;
    *number = json_integer_value(value);
    return json_is_integer(value) && *number >= min && *number <= max;
}

static bool model_time(const json_t *body, const char *name, int64_t *wall_ms)
{
    const json_t *value = json_object_get(body, name);

    if (json_is_string(value))
        return timestamp_parse(json_string_value(value), json_string_length(value), wall_ms);
    return model_integer(body, name, 0, TIMESTAMP_MAX_MS, wall_ms);
}

/* One of two names, which stand for 1 and 2. */
static bool model_choice(const json_t *body, const char *name, const char *one, const char *two,
                         int *choice)
{
    const json_t *value = json_object_get(body, name);

    if (value == NULL || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return false;
    *choice = strcmp(json_string_value(value), one) == 0 ? 1 : 2;
    return *choice == 1 || strcmp(json_string_value(value), two) == 0;
}

static bool model_name(const json_t *body, const char **name)
{
    const json_t *value = json_object_get(body, "name");
    size_t characters = 0;

    if (!json_is_string(value))
        return false;
    *name = json_string_value(value);
    for (size_t i = 0; i < json_string_length(value); i++) {
        unsigned char byte = (unsigned char)(*name)[i];
        unsigned char next = (unsigned char)(*name)[i + 1];

        if (byte < ' ' || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next <= 0x9f))
            return false;
        characters += byte < 0x80 || byte >= 0xc0;
    }
    return characters >= 1 && characters <= COUPON_NAME_MAX;
}

static bool model_knows_all(json_t *body)
{
    static const char known[] =
        " couponId policyId name totalStock perUserLimit discountType discountValue minOrderAmount "
        "maxDiscountAmount issueStartsAt issueEndsAt validUntil validForSeconds status ";
    const char *name;
    json_t *value;

    json_object_foreach(body, name, value)
    {
        struct strbuf word = STRBUF_INIT;
        bool found;

        strbuf_addf(&word, " %s ", name);
        found = strchr(name, ' ') == NULL && strstr(known, word.data) != NULL;
        strbuf_free(&word);
        if (!found)
            return false;
    }
    return true;
}

static bool model_times(const json_t *body, struct coupon *coupon)
{
    coupon->issue_starts_at_ms = NOW;
    coupon->issue_ends_at_ms = coupon->valid_until_ms = COUPON_NEVER_MS;
    return model_time(body, "issueStartsAt", &coupon->issue_starts_at_ms) &&
           model_time(body, "issueEndsAt", &coupon->issue_ends_at_ms) &&
           model_time(body, "validUntil", &coupon->valid_until_ms) &&
           model_integer(body, "validForSeconds", 1, COUPON_VALID_FOR_MAX,
                         &coupon->valid_for_seconds) &&
           coupon->issue_starts_at_ms < coupon->issue_ends_at_ms &&
           coupon->issue_starts_at_ms < coupon->valid_until_ms &&
           (coupon->valid_until_ms == COUPON_NEVER_MS || coupon->valid_for_seconds == 0);
}

static bool model_discount(const json_t *body, struct coupon *coupon)
{
    int type = COUPON_FIXED;
    bool good = model_choice(body, "discountType", "FIXED", "PERCENT", &type);

    coupon->discount_type = (enum coupon_discount)type;
    coupon->max_discount_amount = -1;
    return good &&
           model_integer(body, "discountValue", 0, COUPON_AMOUNT_MAX, &coupon->discount_value) &&
           model_integer(body, "minOrderAmount", 0, COUPON_AMOUNT_MAX, &coupon->min_order_amount) &&
           model_integer(body, "maxDiscountAmount", 0, COUPON_AMOUNT_MAX,
                         &coupon->max_discount_amount) &&
           (type == COUPON_FIXED || (coupon->discount_value >= 1 && coupon->discount_value <= 100));
}

/* name lives as long as body. */
static bool model_decode(json_t *body, struct coupon *coupon, const char **name)
{
    int64_t stock = 0, limit = 1, coupon_id = 0, policy_id = 0;
    int status = COUPON_DRAFT;
    bool good = model_knows_all(body) && model_name(body, name) &&
                model_integer(body, "totalStock", 1, COUPON_STOCK_MAX, &stock) && stock > 0 &&
                model_integer(body, "perUserLimit", 1, COUPON_USER_LIMIT_MAX, &limit) &&
                model_integer(body, "couponId", 1, (int64_t)COUPON_ID_MAX, &coupon_id) &&
                model_integer(body, "policyId", 1, (int64_t)COUPON_ID_MAX, &policy_id) &&
                model_choice(body, "status", "DRAFT", "OPEN", &status);

    memset(coupon, 0, sizeof *coupon);
    coupon->total_stock = (uint32_t)stock;
    coupon->per_user_limit = (uint32_t)limit;
    coupon->coupon_id = (uint64_t)coupon_id;
    coupon->policy_id = (uint64_t)policy_id;
    coupon->status = (enum coupon_status)status;
    return good && model_times(body, coupon) && model_discount(body, coupon);
}

static void expect_same(const struct coupon *seen, const struct coupon *wanted, const char *name)
{
    EXPECT(strcmp(seen->name, name) == 0, "name \"%s\", expected \"%s\"", seen->name, name);
    EXPECT(seen->coupon_id == wanted->coupon_id && seen->policy_id == wanted->policy_id &&
               seen->total_stock == wanted->total_stock && seen->issued_count == 0 &&
               seen->per_user_limit == wanted->per_user_limit && seen->status == wanted->status,
           "coupon %" PRIu64 ", stock %u, limit %u", seen->coupon_id, seen->total_stock,
           seen->per_user_limit);
    EXPECT(seen->discount_type == wanted->discount_type &&
               seen->discount_value == wanted->discount_value &&
               seen->min_order_amount == wanted->min_order_amount &&
               seen->max_discount_amount == wanted->max_discount_amount,
           "discount %" PRId64 ", at least %" PRId64 ", at most %" PRId64, seen->discount_value,
           seen->min_order_amount, seen->max_discount_amount);
    EXPECT(seen->issue_starts_at_ms == wanted->issue_starts_at_ms &&
               seen->issue_ends_at_ms == wanted->issue_ends_at_ms &&
               seen->valid_until_ms == wanted->valid_until_ms &&
               seen->valid_for_seconds == wanted->valid_for_seconds &&
               seen->closed_at_ms == COUPON_NEVER_MS,
           "from %" PRId64 " to %" PRId64, seen->issue_starts_at_ms, seen->issue_ends_at_ms);
}

/* Without what a body cannot have, the public form makes the same coupon again. */
static void expect_back(const struct coupon *coupon)
{
    struct strbuf shown = STRBUF_INIT;
    struct coupon back;
    char error[512] = "";
    json_t *value;
    char *body;
    bool not_json;

    coupon_encode_public(coupon, &shown);
    value = json_loadb(shown.data, shown.len, JSON_REJECT_DUPLICATES, NULL);
    EXPECT(value != NULL, "shown as %s", shown.data);
    json_object_del(value, "remaining");
    if (coupon->coupon_id == 0)
        json_object_del(value, "couponId");
    body = json_dumps(value, JSON_COMPACT);
    EXPECT(coupon_decode(body, strlen(body), 0, &back, &not_json, error, sizeof error),
           "%s is refused: %s", body, error);
    expect_same(&back, coupon, coupon->name);
    free(body);
    json_decref(value);
    strbuf_free(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct http_slice slice = {(const char *)bytes, size};
    char *text = fuzz_copy(slice);
    struct coupon coupon, expected;
    char error[512] = "";
    const char *name = NULL;
    bool not_json = false;
    bool good = coupon_decode(text, size, NOW, &coupon, &not_json, error, sizeof error);
    json_t *body = size > 0 && memchr(bytes, '\0', size) == NULL
                       ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    bool expected_good = json_is_object(body) && model_decode(body, &expected, &name);

    EXPECT(good == expected_good, "%s", good ? "taken" : error);
    EXPECT(good == (error[0] == '\0') && !(good && not_json), "error \"%s\"", error);
    EXPECT(!not_json || body == NULL, "JSON is refused: %s", error);
    if (good) {
        expect_same(&coupon, &expected, name);
        expect_back(&coupon);
    }
    json_decref(body);
    free(text);
    return 0;
}
