/* The properties of a coupon's body: whatever is allowed is read exactly, and damage is a fault or
 * a coupon within its bounds. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/timestamp.h"
#include "common/contract/coupon.h"
#include "tests/unit/random.h"

#define NOW INT64_C(1645875102123)

static bool decode(const char *bytes, size_t len, struct coupon *coupon)
{
    char error[512] = "";
    bool not_json;
    bool good = coupon_decode(bytes, len, NOW, coupon, &not_json, error, sizeof error);

    assert_true(good == (error[0] == '\0'));
    assert_false(good && not_json);
    return good;
}

static void random_coupon(uint64_t *random, struct coupon *coupon)
{
    static const char letters[] = "aZ09 %\"\\/";
    size_t len = random_between(random, 1, COUPON_NAME_MAX);

    memset(coupon, 0, sizeof *coupon);
    for (size_t i = 0; i < len; i++)
        coupon->name[i] = random_byte(random, letters, sizeof letters - 1);
    coupon->coupon_id = random_between(random, 1, COUPON_ID_MAX);
    coupon->policy_id = random_between(random, 1, COUPON_ID_MAX);
    coupon->discount_type = (enum coupon_discount)random_between(random, 1, 2);
    coupon->discount_value = coupon->discount_type == COUPON_PERCENT
                                 ? (int64_t)random_between(random, 1, 100)
                                 : (int64_t)random_between(random, 0, COUPON_AMOUNT_MAX);
    coupon->min_order_amount = (int64_t)random_between(random, 0, COUPON_AMOUNT_MAX);
    coupon->max_discount_amount = (int64_t)random_between(random, 0, COUPON_AMOUNT_MAX);
    coupon->total_stock = (uint32_t)random_between(random, 1, COUPON_STOCK_MAX);
    coupon->per_user_limit = (uint32_t)random_between(random, 1, COUPON_USER_LIMIT_MAX);
    coupon->issue_starts_at_ms = (int64_t)random_between(random, 0, TIMESTAMP_MAX_MS - 1);
    coupon->issue_ends_at_ms =
        (int64_t)random_between(random, (uint64_t)coupon->issue_starts_at_ms + 1, TIMESTAMP_MAX_MS);
    coupon->valid_until_ms = COUPON_NEVER_MS;
    if (random_u64(random) % 2 == 0)
        coupon->valid_until_ms = (int64_t)random_between(
            random, (uint64_t)coupon->issue_starts_at_ms + 1, TIMESTAMP_MAX_MS);
    else
        coupon->valid_for_seconds = (int64_t)random_between(random, 1, COUPON_VALID_FOR_MAX);
    coupon->status = (enum coupon_status)random_between(random, COUPON_DRAFT, COUPON_OPEN);
    coupon->closed_at_ms = COUPON_NEVER_MS;
    coupon->version = 1;
}

static void write_body(const struct coupon *coupon, struct strbuf *body)
{
    char ends_at[TIMESTAMP_SIZE];

    timestamp_format(coupon->issue_ends_at_ms, ends_at);
    strbuf_add_text(body, "{\"name\":");
    strbuf_add_json_string(body, coupon->name, strlen(coupon->name));
    strbuf_addf(body,
                ",\"couponId\":%" PRIu64 ",\"policyId\":%" PRIu64 ",\"totalStock\":%" PRIu32
                ",\"perUserLimit\":%" PRIu32 ",\"discountType\":\"%s\",\"discountValue\":%" PRId64
                ",\"minOrderAmount\":%" PRId64 ",\"maxDiscountAmount\":%" PRId64
                ",\"issueStartsAt\":%" PRId64 ",\"issueEndsAt\":\"%s\",\"status\":\"%s\"",
                coupon->coupon_id, coupon->policy_id, coupon->total_stock, coupon->per_user_limit,
                coupon_discount_name(coupon->discount_type), coupon->discount_value,
                coupon->min_order_amount, coupon->max_discount_amount, coupon->issue_starts_at_ms,
                ends_at, coupon_status_name(coupon->status));
    if (coupon->valid_for_seconds != 0)
        strbuf_addf(body, ",\"validForSeconds\":%" PRId64 ",\"validUntil\":null}",
                    coupon->valid_for_seconds);
    else
        strbuf_addf(body, ",\"validUntil\":%" PRId64 "}", coupon->valid_until_ms);
}

static void expect_same(const struct coupon *got, const struct coupon *want, const char *body)
{
    if (strcmp(got->name, want->name) != 0 || got->coupon_id != want->coupon_id ||
        got->policy_id != want->policy_id || got->discount_type != want->discount_type ||
        got->discount_value != want->discount_value ||
        got->min_order_amount != want->min_order_amount ||
        got->max_discount_amount != want->max_discount_amount ||
        got->total_stock != want->total_stock || got->issued_count != want->issued_count ||
        got->per_user_limit != want->per_user_limit ||
        got->issue_starts_at_ms != want->issue_starts_at_ms ||
        got->issue_ends_at_ms != want->issue_ends_at_ms ||
        got->valid_until_ms != want->valid_until_ms ||
        got->valid_for_seconds != want->valid_for_seconds || got->status != want->status ||
        got->closed_at_ms != want->closed_at_ms || got->version != want->version)
        fail_msg("%s was read as another coupon", body);
}

static void what_is_allowed_is_read_exactly(void **state)
{
    uint64_t random = 1;
    struct strbuf body = STRBUF_INIT;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct coupon coupon, back;

        random_coupon(&random, &coupon);
        strbuf_clear(&body);
        write_body(&coupon, &body);
        if (!decode(body.data, body.len, &back))
            fail_msg("%s was refused", body.data);
        expect_same(&back, &coupon, body.data);
    }
    strbuf_free(&body);
}

static void expect_bounds(const struct coupon *coupon, const char *body)
{
    if (strlen(coupon->name) < 1 || coupon->total_stock < 1 ||
        coupon->total_stock > COUPON_STOCK_MAX || coupon->per_user_limit < 1 ||
        coupon->per_user_limit > COUPON_USER_LIMIT_MAX || coupon->discount_value < 0 ||
        coupon->discount_value > COUPON_AMOUNT_MAX ||
        (coupon->discount_type == COUPON_PERCENT && coupon->discount_value > 100) ||
        coupon->min_order_amount < 0 || coupon->max_discount_amount < -1 ||
        coupon->issue_starts_at_ms >= coupon->issue_ends_at_ms ||
        coupon->issue_starts_at_ms >= coupon->valid_until_ms || coupon->valid_for_seconds < 0 ||
        (coupon->status != COUPON_DRAFT && coupon->status != COUPON_OPEN))
        fail_msg("%s passed", body);
}

static void damage_is_a_fault_or_a_coupon_within_bounds(void **state)
{
    static const char sample[] =
        "{\"name\":\"\xEC\x84\xA0\",\"totalStock\":100,\"perUserLimit\":1,\"couponId\":7,"
        "\"discountType\":\"PERCENT\",\"discountValue\":15,\"maxDiscountAmount\":5000,"
        "\"issueStartsAt\":\"2030-01-01T00:00:00Z\",\"issueEndsAt\":\"2030-01-02T00:00:00Z\","
        "\"validForSeconds\":86400,\"status\":\"OPEN\"}";
    struct coupon coupon;
    char body[sizeof sample];
    size_t good = 0;

    (void)state;
    assert_true(decode(sample, sizeof sample - 1, &coupon));
    for (size_t len = 1; len < sizeof sample - 1; len++) {
        char *copy = malloc(len);

        /* Of this very size, so that a read beyond it is seen. */
        assert_non_null(copy);
        memcpy(copy, sample, len);
        assert_false(decode(copy, len, &coupon));
        free(copy);
    }
    for (size_t bit = 0; bit < 8 * (sizeof sample - 1); bit++) {
        memcpy(body, sample, sizeof sample);
        body[bit / 8] = (char)(body[bit / 8] ^ (1 << bit % 8));
        if (decode(body, sizeof sample - 1, &coupon)) {
            expect_bounds(&coupon, body);
            good++;
        }
    }
    assert_in_range(good, 20, 4 * sizeof sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_allowed_is_read_exactly),
        cmocka_unit_test(damage_is_a_fault_or_a_coupon_within_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
