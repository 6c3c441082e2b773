/* What an admin writes becomes exactly that coupon, or is refused with the member's name; what is
 * shown keeps every integer exact. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/timestamp.h"
#include "common/contract/coupon.h"
#include "tests/unit/random.h"

#define NOW INT64_C(1645875102123)
#define HEAD "{\"name\":\"n\",\"totalStock\":1"
#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const char *const statuses[] = {"DRAFT", "OPEN", "PAUSED", "CLOSED"};

static void decode_good(const char *body, struct coupon *coupon)
{
    char error[512] = "";
    bool not_json;

    memset(coupon, 0x55, sizeof *coupon);
    if (!coupon_decode(body, strlen(body), NOW, coupon, &not_json, error, sizeof error))
        fail_msg("%s\nwas refused: %s", body, error);
    assert_false(not_json);
}

static void only_name_and_stock_are_required(void **state)
{
    struct coupon coupon;

    (void)state;
    decode_good("{\"name\":\"n\",\"totalStock\":100}", &coupon);
    assert_string_equal(coupon.name, "n");
    assert_int_equal(coupon.total_stock, 100);
    assert_int_equal(coupon.coupon_id, 0);
    assert_int_equal(coupon.policy_id, 0);
    assert_int_equal(coupon.issued_count, 0);
    assert_int_equal(coupon.per_user_limit, 1);
    assert_int_equal(coupon.discount_type, COUPON_FIXED);
    assert_int_equal(coupon.discount_value, 0);
    assert_int_equal(coupon.min_order_amount, 0);
    assert_true(coupon.max_discount_amount == -1);
    assert_true(coupon.issue_starts_at_ms == NOW);
    assert_true(coupon.issue_ends_at_ms == COUPON_NEVER_MS);
    assert_true(coupon.valid_until_ms == COUPON_NEVER_MS);
    assert_int_equal(coupon.valid_for_seconds, 0);
    assert_int_equal(coupon.status, COUPON_DRAFT);
    assert_true(coupon.closed_at_ms == COUPON_NEVER_MS);
    assert_int_equal(coupon.version, 1);
}

static void expect_name(const char *name, bool good)
{
    struct strbuf body = STRBUF_INIT;
    struct coupon coupon;
    char error[512] = "";
    bool not_json;

    strbuf_addf(&body, "{\"totalStock\":1,\"name\":\"%s\"}", name);
    if (coupon_decode(body.data, body.len, NOW, &coupon, &not_json, error, sizeof error) != good ||
        (!good && strstr(error, "name must be") == NULL))
        fail_msg("name \"%s\": expected %d, \"%s\"", name, good, error);
    strbuf_free(&body);
}

static void a_name_has_up_to_a_hundred_characters(void **state)
{
    struct strbuf name = STRBUF_INIT;

    (void)state;
    expect_name(HUNDRED, true);
    expect_name(HUNDRED "a", false);
    for (int i = 0; i < 100; i++)
        strbuf_add_text(&name, "\xF0\x9F\x8E\x81");
    expect_name(name.data, true);
    strbuf_add_text(&name, "x");
    expect_name(name.data, false);
    strbuf_free(&name);
    expect_name("", false);
    expect_name(" ", true);
    expect_name("\xEC\x84\xA0\xEC\xB0\xA9\xEC\x88\x9C \\\"10%\\\" \xC2\xA0", true);
    expect_name("a\\n", false);
    expect_name("a\\u001f", false);
    expect_name("a\x7F", false);
    expect_name("a\\u0080", false);
    expect_name("\\u009fa", false);
}

static const struct {
    const char *body, *error;
} faults[] = {
    {"{\"totalStock\":1}", "name is required"},
    {"{\"name\":null,\"totalStock\":1}", "name is required"},
    {"{\"name\":7,\"totalStock\":1}", "name must be"},
    {"{\"name\":\"n\"}", "totalStock is required"},
    {"{\"name\":\"n\",\"totalStock\":0}", "totalStock must be an integer from 1 to 2000000000"},
    {"{\"name\":\"n\",\"totalStock\":2000000001}", "totalStock must be"},
    {"{\"name\":\"n\",\"totalStock\":-1}", "totalStock must be"},
    {"{\"name\":\"n\",\"totalStock\":1.0}", "totalStock must be"},
    {"{\"name\":\"n\",\"totalStock\":\"1\"}", "totalStock must be"},
    {"{\"name\":\"n\",\"totalstock\":1}", "\"totalstock\" is not a member of a coupon; allowed are "
                                          "couponId, "},
    {HEAD ",\"issuedCount\":0}", "\"issuedCount\" is not"},
    {HEAD ",\"\":0}", "\"\" is not"},
    {HEAD ",\"" HUNDRED "\":0}", "\"" TEN TEN TEN TEN TEN TEN "\" is not"},
    {HEAD ",\"couponId\":0}", "couponId must be an integer from 1 to 9223372036854775807"},
    {HEAD ",\"policyId\":-1}", "policyId must be"},
    {HEAD ",\"perUserLimit\":0}", "perUserLimit must be an integer from 1 to 1000"},
    {HEAD ",\"perUserLimit\":1001}", "perUserLimit must be"},
    {HEAD ",\"discountType\":\"percent\"}", "discountType must be FIXED or PERCENT"},
    {HEAD ",\"discountType\":1}", "discountType must be FIXED or PERCENT"},
    {HEAD ",\"discountValue\":-1}", "discountValue must be an integer from 0 to 1000000000000000"},
    {HEAD ",\"discountValue\":1000000000000001}", "discountValue must be"},
    {HEAD ",\"discountType\":\"PERCENT\"}", "discountValue must be an integer from 1 to 100 where"},
    {HEAD ",\"discountType\":\"PERCENT\",\"discountValue\":101}", "discountValue must be"},
    {HEAD ",\"minOrderAmount\":-1}", "minOrderAmount must be"},
    {HEAD ",\"minOrderAmount\":1000000000000001}", "minOrderAmount must be"},
    {HEAD ",\"maxDiscountAmount\":-1}", "maxDiscountAmount must be"},
    {HEAD ",\"issueStartsAt\":\"tomorrow\"}", "issueStartsAt must be an RFC 3339"},
    {HEAD ",\"issueStartsAt\":true}", "issueStartsAt must be an RFC 3339"},
    {HEAD ",\"issueEndsAt\":\"2022-02-30T00:00:00Z\"}", "issueEndsAt must be an RFC 3339"},
    {HEAD ",\"issueEndsAt\":1645875102123}", "issueEndsAt must be after issueStartsAt"},
    {HEAD ",\"issueStartsAt\":5,\"issueEndsAt\":4}", "issueEndsAt must be after issueStartsAt"},
    {HEAD ",\"validUntil\":1645875102123}", "validUntil must be after issueStartsAt"},
    {HEAD ",\"validUntil\":-1}", "validUntil must be an RFC 3339"},
    {HEAD ",\"validForSeconds\":0}", "validForSeconds must be an integer from 1 to 3153600000"},
    {HEAD ",\"validForSeconds\":3153600001}", "validForSeconds must be"},
    {HEAD ",\"validForSeconds\":1,\"validUntil\":\"2030-01-01T00:00:00Z\"}", "exclude each other"},
    {HEAD ",\"status\":\"PAUSED\"}", "status must be DRAFT or OPEN"},
    {HEAD ",\"status\":\"CLOSED\"}", "status must be DRAFT or OPEN"},
    {HEAD ",\"status\":\"open\"}", "status must be DRAFT or OPEN"},
    {HEAD ",\"status\":2}", "status must be DRAFT or OPEN"},
    {HEAD ",\"totalStock\":1}", "twice"},
    {HEAD ",\"couponId\":4611686018427387905}", "couponId must be at most 4611686018427387904"},
    {HEAD ",\"couponId\":9223372036854775808}", "out of range"},
    {"[]", "not an object"},
};

static const char *const not_json_bodies[] = {"", "{", HEAD, HEAD "}}", "name=n", "\xFF"};

static void a_fault_names_the_member_and_what_is_allowed(void **state)
{
    struct coupon coupon;
    char error[512] = "";
    bool not_json;

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const char *body = faults[i].body;

        if (coupon_decode(body, strlen(body), NOW, &coupon, &not_json, error, sizeof error))
            fail_msg("%s passed", body);
        if (strstr(error, faults[i].error) == NULL || not_json)
            fail_msg("%s gave \"%s\", not \"…%s…\"", body, error, faults[i].error);
    }
    for (size_t i = 0; i < sizeof not_json_bodies / sizeof not_json_bodies[0]; i++) {
        const char *body = not_json_bodies[i];

        assert_false(coupon_decode(body, strlen(body), NOW, &coupon, &not_json, error, 8));
        assert_true(not_json);
        assert_int_equal(strlen(error), 7);
    }
}

static const struct coupon shown = {
    .coupon_id = 9007199254740993,
    .name = "\xEC\x84\xA0 \"10\\",
    .discount_type = COUPON_PERCENT,
    .discount_value = 10,
    .min_order_amount = INT64_C(999999999999999),
    .max_discount_amount = 5000,
    .total_stock = 2000000000,
    .issued_count = 1,
    .per_user_limit = 1000,
    .issue_starts_at_ms = NOW,
    .issue_ends_at_ms = COUPON_NEVER_MS,
    .valid_until_ms = COUPON_NEVER_MS,
    .valid_for_seconds = 3153600000,
    .status = COUPON_PAUSED,
    .closed_at_ms = COUPON_NEVER_MS,
    .version = UINT32_MAX,
};

#define SHOWN                                                                                      \
    "{\"couponId\":9007199254740993,\"policyId\":null,\"name\":\"\xEC\x84\xA0 \\\"10\\\\\","       \
    "\"discountType\":\"PERCENT\",\"discountValue\":10,\"minOrderAmount\":999999999999999,"        \
    "\"maxDiscountAmount\":5000,\"totalStock\":2000000000,\"remaining\":1999999999,"               \
    "\"perUserLimit\":1000,\"issueStartsAt\":\"2022-02-26T11:31:42.123Z\",\"issueEndsAt\":null,"   \
    "\"validUntil\":null,\"validForSeconds\":3153600000,\"status\":\"PAUSED\""

static void what_is_shown_is_exact(void **state)
{
    struct strbuf out = STRBUF_INIT;
    struct coupon coupon = shown;

    (void)state;
    strbuf_add_text(&out, "[");
    coupon_encode_public(&coupon, &out);
    assert_string_equal(out.data, "[" SHOWN "}");
    strbuf_clear(&out);
    coupon_encode(&coupon, &out);
    assert_string_equal(out.data,
                        SHOWN ",\"issuedCount\":1,\"closedAt\":null,\"version\":4294967295}");

    coupon.policy_id = INT64_MAX;
    coupon.max_discount_amount = -1;
    coupon.issued_count = coupon.total_stock;
    coupon.issue_ends_at_ms = coupon.valid_until_ms = coupon.closed_at_ms = TIMESTAMP_MAX_MS;
    coupon.valid_for_seconds = 0;
    strbuf_clear(&out);
    coupon_encode(&coupon, &out);
    assert_non_null(strstr(out.data, "\"policyId\":9223372036854775807,"));
    assert_non_null(strstr(out.data, "\"maxDiscountAmount\":null,"));
    assert_non_null(strstr(out.data, "\"remaining\":0,"));
    assert_non_null(strstr(out.data, "\"issueEndsAt\":\"9999-12-31T23:59:59.999Z\","));
    assert_non_null(strstr(out.data, "\"validUntil\":\"9999-12-31T23:59:59.999Z\","));
    assert_non_null(strstr(out.data, "\"validForSeconds\":null,"));
    assert_non_null(strstr(out.data, "\"closedAt\":\"9999-12-31T23:59:59.999Z\","));

    coupon.issued_count++;
    strbuf_clear(&out);
    coupon_encode_public(&coupon, &out);
    assert_non_null(strstr(out.data, "\"remaining\":0,"));
    strbuf_free(&out);
}

static void names_go_both_ways(void **state)
{
    enum coupon_status status;
    enum coupon_discount discount;

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_true(coupon_status_parse(statuses[i], &status));
        assert_int_equal(status, i + 1);
        assert_string_equal(coupon_status_name(status), statuses[i]);
    }
    assert_false(coupon_status_parse("", &status));
    assert_false(coupon_status_parse("OPENED", &status));
    assert_true(coupon_discount_parse("FIXED", &discount) && discount == COUPON_FIXED);
    assert_true(coupon_discount_parse("PERCENT", &discount) && discount == COUPON_PERCENT);
    assert_false(coupon_discount_parse("FREE", &discount));
    assert_string_equal(coupon_discount_name(COUPON_FIXED), "FIXED");
    assert_string_equal(coupon_discount_name(COUPON_PERCENT), "PERCENT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_name_and_stock_are_required),
        cmocka_unit_test(a_name_has_up_to_a_hundred_characters),
        cmocka_unit_test(a_fault_names_the_member_and_what_is_allowed),
        cmocka_unit_test(what_is_shown_is_exact),
        cmocka_unit_test(names_go_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
