/* What of a coupon may change when: the whole table, and what its body may hold. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract/coupon_patch.h"

#define HOUR INT64_C(3600000)

static const struct coupon coupon = {
    .coupon_id = 1,
    .name = "spring",
    .discount_type = COUPON_FIXED,
    .discount_value = 5000,
    .min_order_amount = 10000,
    .max_discount_amount = 7000,
    .total_stock = 30,
    .issued_count = 10,
    .per_user_limit = 2,
    .issue_starts_at_ms = 10 * HOUR,
    .issue_ends_at_ms = 20 * HOUR,
    .valid_until_ms = 30 * HOUR,
    .status = COUPON_OPEN,
    .closed_at_ms = COUPON_NEVER_MS,
    .version = 4,
};

static bool decode(const char *body, struct coupon_patch *patch, char *error, size_t size)
{
    bool not_json;

    error[0] = '\0';
    return coupon_patch_decode(body, strlen(body), patch, &not_json, error, size);
}

static enum coupon_patch_end apply(const char *body, const struct coupon *from, struct coupon *to,
                                   unsigned int *members, const char **wrong)
{
    struct coupon_patch patch;
    char error[512];

    *wrong = NULL;
    if (!decode(body, &patch, error, sizeof error))
        fail_msg("%s: %s", body, error);
    return coupon_patch_apply(&patch, from, to, members, wrong);
}

static void each_member_changes_itself_alone(void **state)
{
    static const struct {
        const char *body, *shown;
    } table[] = {
        {"{\"name\":\"summer\"}", "{\"name\":\"summer\",\"version\":4}"},
        {"{\"totalStock\":31}", "{\"totalStock\":31,\"version\":4}"},
        {"{\"totalStock\":10}", "{\"totalStock\":10,\"version\":4}"},
        {"{\"perUserLimit\":1}", "{\"perUserLimit\":1,\"version\":4}"},
        {"{\"issueStartsAt\":\"1970-01-01T11:00:00Z\"}",
         "{\"issueStartsAt\":\"1970-01-01T11:00:00.000Z\",\"version\":4}"},
        {"{\"issueEndsAt\":\"1970-01-01T21:00:00Z\"}",
         "{\"issueEndsAt\":\"1970-01-01T21:00:00.000Z\",\"version\":4}"},
        {"{\"issueEndsAt\":null}", "{\"issueEndsAt\":null,\"version\":4}"},
        {"{\"validUntil\":null}", "{\"validUntil\":null,\"version\":4}"},
        {"{\"validUntil\":null,\"validForSeconds\":60}",
         "{\"validUntil\":null,\"validForSeconds\":60,\"version\":4}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct strbuf shown = STRBUF_INIT;
        struct strbuf before = STRBUF_INIT, after = STRBUF_INIT;
        struct coupon to;
        unsigned int members;
        const char *wrong;

        assert_int_equal(apply(table[i].body, &coupon, &to, &members, &wrong), COUPON_PATCH_CHANGE);
        coupon_encode_members(&to, members, &shown);
        assert_string_equal(shown.data, table[i].shown);
        coupon_encode_members(&coupon, ~members, &before);
        coupon_encode_members(&to, ~members, &after);
        assert_string_equal(before.data, after.data);
        assert_int_equal(to.issued_count, 10);
        assert_int_equal(to.status, COUPON_OPEN);
        strbuf_free(&shown);
        strbuf_free(&before);
        strbuf_free(&after);
    }
}

static void what_may_change_depends_on_its_life(void **state)
{
    struct coupon fresh = coupon, closed = coupon, gone = coupon;
    const struct {
        const char *body;
        const struct coupon *from;
        enum coupon_patch_end end;
    } table[] = {
        {"{\"totalStock\":30,\"name\":\"spring\"}", &coupon, COUPON_PATCH_NONE},
        {"{\"totalStock\":30}", &closed, COUPON_PATCH_NONE},
        {"{\"totalStock\":9}", &coupon, COUPON_PATCH_BELOW_ISSUED},
        {"{\"totalStock\":10}", &coupon, COUPON_PATCH_CHANGE},
        {"{\"totalStock\":2000000000}", &gone, COUPON_PATCH_CHANGE},
        {"{\"totalStock\":1}", &fresh, COUPON_PATCH_CHANGE},
        {"{\"discountValue\":4000}", &coupon, COUPON_PATCH_GIVEN_OUT},
        {"{\"minOrderAmount\":0}", &coupon, COUPON_PATCH_GIVEN_OUT},
        {"{\"maxDiscountAmount\":null}", &coupon, COUPON_PATCH_GIVEN_OUT},
        {"{\"discountType\":\"PERCENT\",\"discountValue\":10}", &coupon, COUPON_PATCH_GIVEN_OUT},
        {"{\"discountType\":\"PERCENT\",\"discountValue\":10}", &fresh, COUPON_PATCH_CHANGE},
        {"{\"discountType\":\"PERCENT\"}", &fresh, COUPON_PATCH_UNFIT},
        {"{\"issueStartsAt\":\"1970-01-01T20:00:00Z\"}", &coupon, COUPON_PATCH_UNFIT},
        {"{\"issueEndsAt\":\"1970-01-01T10:00:00Z\"}", &coupon, COUPON_PATCH_UNFIT},
        {"{\"validUntil\":\"1970-01-01T10:00:00Z\"}", &coupon, COUPON_PATCH_UNFIT},
        {"{\"validForSeconds\":60}", &coupon, COUPON_PATCH_UNFIT},
        {"{\"totalStock\":40}", &closed, COUPON_PATCH_CLOSED},
        {"{\"name\":\"x\",\"totalStock\":40}", &closed, COUPON_PATCH_CLOSED},
        {"{\"name\":\"x\",\"totalStock\":30}", &closed, COUPON_PATCH_CHANGE},
    };

    (void)state;
    fresh.issued_count = 0;
    closed.status = COUPON_CLOSED;
    gone.issued_count = 30;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct coupon to;
        unsigned int members;
        const char *wrong;
        enum coupon_patch_end end = apply(table[i].body, table[i].from, &to, &members, &wrong);

        if (end != table[i].end || (end == COUPON_PATCH_UNFIT) != (wrong != NULL))
            fail_msg("row %zu, %s: expected %d, saw %d (%s)", i, table[i].body, table[i].end, end,
                     wrong ? wrong : "");
    }
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *body, *word;
    } table[] = {
        {"{", "cannot be read"},
        {"[]", "not an object"},
        {"{}", "nothing to change"},
        {"{\"status\":\"OPEN\"}", "\"status\" is not a member"},
        {"{\"couponId\":2}", "\"couponId\""},
        {"{\"policyId\":2}", "\"policyId\""},
        {"{\"issuedCount\":0}", "\"issuedCount\""},
        {"{\"totalStok\":1}", "\"totalStok\""},
        {"{\"name\":null}", "name can't be null"},
        {"{\"totalStock\":null}", "totalStock can't be null"},
        {"{\"perUserLimit\":null}", "perUserLimit can't be null"},
        {"{\"discountType\":null}", "discountType can't be null"},
        {"{\"issueStartsAt\":null}", "issueStartsAt can't be null"},
        {"{\"name\":\"\"}", "name must be"},
        {"{\"totalStock\":0}", "totalStock must be"},
        {"{\"totalStock\":2000000001}", "totalStock must be"},
        {"{\"perUserLimit\":1001}", "perUserLimit must be"},
        {"{\"issueEndsAt\":\"soon\"}", "issueEndsAt must be"},
        {"{\"validForSeconds\":0}", "validForSeconds must be"},
        {"{\"totalStock\":1,\"totalStock\":2}", "cannot be read"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct coupon_patch patch;
        char error[512];

        if (decode(table[i].body, &patch, error, sizeof error) || !strstr(error, table[i].word))
            fail_msg("%s: expected %s, saw %s", table[i].body, table[i].word, error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_member_changes_itself_alone),
        cmocka_unit_test(what_may_change_depends_on_its_life),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
