/* How a request ended, in the names of the system with a switchable queue: each of ours has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/admission.h"
#include "api-gateway/handlers/outcome_name.h"
#include "common/contract/issue_result.h"

static void expect_added(const struct strbuf *json, const char *end)
{
    struct strbuf out = STRBUF_INIT;
    size_t end_len = strlen(end);

    outcome_add_result(&out, json->data, json->len);
    if (out.len < end_len || strcmp(out.data + out.len - end_len, end) != 0 ||
        strncmp(out.data, json->data, json->len - 1) != 0)
        fail_msg("expected …%s, saw %s", end, out.data);
    strbuf_free(&out);
}

static void every_outcome_has_its_name(void **state)
{
    static const char *const names[] = {
        [ISSUE_OUTCOME_ISSUED] = "SUCCESS",
        [ISSUE_OUTCOME_SOLD_OUT] = "OUT_OF_STOCK",
        [ISSUE_OUTCOME_ALREADY_ISSUED] = "DUPLICATE_REQUEST",
        [ISSUE_OUTCOME_NOT_STARTED] = "BUSINESS_ERROR",
        [ISSUE_OUTCOME_ENDED] = "BUSINESS_ERROR",
        [ISSUE_OUTCOME_CLOSED] = "BUSINESS_ERROR",
        [ISSUE_OUTCOME_UNKNOWN_COUPON] = "VALIDATION_FAILED",
        [ISSUE_OUTCOME_DEAD_LETTERED] = "SYSTEM_ERROR",
    };

    (void)state;
    for (int i = ISSUE_OUTCOME_ISSUED; i <= ISSUE_OUTCOME_DEAD_LETTERED; i++) {
        struct issue_result result = {.request_id = "reason-status",
                                      .outcome = (enum issue_outcome)i};
        struct strbuf json = STRBUF_INIT;
        char end[64];

        issue_result_encode(&result, &json);
        snprintf(end, sizeof end, ",\"resultCode\":\"%s\"}", names[i]);
        expect_added(&json, end);
        strbuf_free(&json);
    }
}

static void nothing_is_decided_while_it_is_pending(void **state)
{
    struct strbuf json = STRBUF_INIT;

    (void)state;
    issue_result_encode_pending("a", 1, 2, 3, &json);
    expect_added(&json, ",\"position\":3,\"resultCode\":null}");
    strbuf_free(&json);
}

static void every_refusal_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(outcome_name(admission_code(ADMISSION_SOLD_OUT)), "OUT_OF_STOCK");
    for (enum admission i = ADMISSION_NOT_STARTED; i <= ADMISSION_CLOSED; i++)
        assert_string_equal(outcome_name(admission_code(i)), "BUSINESS_ERROR");
    assert_string_equal(outcome_name("INVALID_REQUEST"), "VALIDATION_FAILED");
    assert_string_equal(outcome_name("CONTENT_TOO_LARGE"), "VALIDATION_FAILED");
    assert_string_equal(outcome_name("UNAVAILABLE"), "SYSTEM_ERROR");
    assert_string_equal(outcome_name("RATE_LIMITED"), "SYSTEM_ERROR");
    assert_string_equal(outcome_name("SOMETHING_NEW"), "SYSTEM_ERROR");
}

static void only_that_systems_paths_have_them(void **state)
{
    static const struct {
        const char *path;
        bool wanted;
    } table[] = {
        {"/api/coupons/1/issue", true},
        {"/api/coupons/result/a", true},
        {"/api/v1/coupons/1/issue", false},
        {"/coupons/1/issue", false},
        {"/api/coupons", false},
        {"/api/coupons/", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http_request request = {.path = {table[i].path, strlen(table[i].path)}};

        if (outcome_wanted(&request) != table[i].wanted)
            fail_msg("%s", table[i].path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_outcome_has_its_name),
        cmocka_unit_test(nothing_is_decided_while_it_is_pending),
        cmocka_unit_test(every_refusal_has_its_name),
        cmocka_unit_test(only_that_systems_paths_have_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
