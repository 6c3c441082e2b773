/* The body that makes a policy: what its windows share, what each has, and every mistake by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract/policy.h"

#define HOUR INT64_C(3600000)
#define WINDOW(from, to, stock)                                                                    \
    "{\"startsAt\":\"1970-01-01T" from ":00:00Z\",\"endsAt\":\"1970-01-01T" to                     \
    ":00:00Z\",\"totalStock\":" stock "}"
#define HEAD "{\"name\":\"attack\",\"windows\":["

static bool decode(const char *body, struct policy *policy, char *error, size_t size)
{
    bool not_json;

    error[0] = '\0';
    return policy_decode(body, strlen(body), policy, &not_json, error, size);
}

static void windows_share_what_is_given_once(void **state)
{
    struct policy policy;
    char error[512];
    const struct coupon *windows;

    (void)state;
    if (!decode(HEAD WINDOW("11", "12", "2") "," WINDOW(
                    "09", "10",
                    "1") "],\"policyId\":7,"
                         "\"perUserLimit\":3,\"discountType\":\"PERCENT\",\"discountValue\":10,"
                         "\"minOrderAmount\":4,\"maxDiscountAmount\":5,\"validForSeconds\":6,"
                         "\"status\":\"OPEN\"}",
                &policy, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(policy.policy_id, 7);
    assert_string_equal(policy.name, "attack");
    assert_int_equal(policy.window_count, 2);
    windows = policy.windows;
    assert_true(windows[0].issue_starts_at_ms == 9 * HOUR);
    assert_true(windows[0].issue_ends_at_ms == 10 * HOUR);
    assert_int_equal(windows[0].total_stock, 1);
    assert_true(windows[1].issue_starts_at_ms == 11 * HOUR);
    assert_int_equal(windows[1].total_stock, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(windows[i].name, "attack");
        assert_int_equal(windows[i].per_user_limit, 3);
        assert_int_equal(windows[i].discount_type, COUPON_PERCENT);
        assert_int_equal(windows[i].discount_value, 10);
        assert_int_equal(windows[i].min_order_amount, 4);
        assert_int_equal(windows[i].max_discount_amount, 5);
        assert_int_equal(windows[i].valid_for_seconds, 6);
        assert_int_equal(windows[i].status, COUPON_OPEN);
    }
    policy_free(&policy);
    assert_null(policy.windows);
}

static void windows_may_touch(void **state)
{
    struct policy policy;
    char error[512];

    (void)state;
    assert_true(decode(HEAD WINDOW("10", "11", "1") "," WINDOW("09", "10", "1") "]}", &policy,
                       error, sizeof error));
    assert_int_equal(policy.windows[1].status, COUPON_DRAFT);
    policy_free(&policy);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *body, *word;
    } table[] = {
        {"{", "cannot be read"},
        {"{\"windows\":[" WINDOW("09", "10", "1") "]}", "name is required"},
        {"{\"name\":\"x\"}", "windows must be"},
        {HEAD "]}", "windows must be"},
        {"{\"name\":\"x\",\"windows\":1}", "windows must be"},
        {HEAD "7]}", "windows[0]: it is no object"},
        {HEAD WINDOW("09", "10", "1") ",{}]}", "windows[1]: startsAt, endsAt and totalStock"},
        {HEAD "{\"startsAt\":1,\"totalStock\":1}]}", "windows[0]: startsAt, endsAt"},
        {HEAD "{\"endsAt\":1,\"totalStock\":1}]}", "windows[0]: startsAt, endsAt"},
        {HEAD "{\"startsAt\":1,\"endsAt\":2}]}", "windows[0]: startsAt, endsAt"},
        {HEAD WINDOW("10", "10", "1") "]}", "endsAt must be after startsAt"},
        {HEAD WINDOW("09", "10", "0") "]}", "windows[0]: totalStock must be"},
        {HEAD "{\"startsAt\":1,\"endsAt\":2,\"totalStock\":1,\"couponId\":3}]}", "\"couponId\""},
        {HEAD WINDOW("09", "11", "1") "," WINDOW("10", "12", "1") "]}", "must not overlap"},
        {HEAD WINDOW("09", "10", "1") "," WINDOW("09", "10", "1") "]}", "must not overlap"},
        {HEAD WINDOW("09", "10", "1") "],\"validUntil\":\"1970-01-01T09:00:00Z\"}",
         "windows[0]: validUntil"},
        {HEAD WINDOW("09", "10", "1") "],\"totalStock\":1}", "\"totalStock\""},
        {HEAD WINDOW("09", "10", "1") "],\"issueStartsAt\":1}", "\"issueStartsAt\""},
        {HEAD WINDOW("09", "10", "1") "],\"status\":\"CLOSED\"}", "status must be"},
        {HEAD WINDOW("09", "10", "1") "],\"policyId\":4611686018427387905}", "policyId must be"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct policy policy;
        char error[512];
        bool good = decode(table[i].body, &policy, error, sizeof error);

        policy_free(&policy);
        if (good || !strstr(error, table[i].word))
            fail_msg("%s: expected %s, saw %s", table[i].body, table[i].word, error);
    }
}

static void a_hundred_windows_and_no_more(void **state)
{
    (void)state;
    for (int count = POLICY_WINDOWS_MAX; count <= POLICY_WINDOWS_MAX + 1; count++) {
        struct strbuf body = STRBUF_INIT;
        struct policy policy;
        char error[512];

        strbuf_add_text(&body, HEAD);
        for (int i = 0; i < count; i++)
            strbuf_addf(&body, "%s{\"startsAt\":%d,\"endsAt\":%d,\"totalStock\":1}",
                        i > 0 ? "," : "", i, i + 1);
        strbuf_add_text(&body, "]}");
        assert_int_equal(decode(body.data, &policy, error, sizeof error),
                         count == POLICY_WINDOWS_MAX);
        policy_free(&policy);
        strbuf_free(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_share_what_is_given_once),
        cmocka_unit_test(windows_may_touch),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(a_hundred_windows_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
