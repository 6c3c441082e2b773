/* A result's bytes are what the HTTP contract shows, every member in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/timestamp.h"
#include "common/contract/issue_result.h"
#include "common/contract/json.h"
#include "tests/unit/random.h"

#define T0 INT64_C(1645875102123)
#define T0_TEXT "\"2022-02-26T11:31:42.123Z\""
#define T1_TEXT "\"2022-02-26T11:31:43.000Z\""

static const struct {
    struct issue_result result;
    const char *json;
} rows[] = {
    {{"REQ-1", 1, 16, ISSUE_OUTCOME_ISSUED, 42, T0, T0 + 877, T0},
     "{\"requestId\":\"REQ-1\",\"couponId\":1,\"userId\":16,\"status\":\"ISSUED\",\"reason\":null,"
     "\"issueNo\":42,\"issuedAt\":" T0_TEXT ",\"expiresAt\":" T1_TEXT ",\"decidedAt\":" T0_TEXT
     "}"},
    {{"a", INT64_MAX, UINT64_MAX, ISSUE_OUTCOME_ISSUED, UINT32_MAX, TIMESTAMP_MAX_MS, 0, 1},
     "{\"requestId\":\"a\",\"couponId\":9223372036854775807,\"userId\":18446744073709551615,"
     "\"status\":\"ISSUED\",\"reason\":null,\"issueNo\":4294967295,"
     "\"issuedAt\":\"9999-12-31T23:59:59.999Z\",\"expiresAt\":null,"
     "\"decidedAt\":\"1970-01-01T00:00:00.001Z\"}"},
    {{"REQ-2", 1, 17, ISSUE_OUTCOME_SOLD_OUT, 0, 0, 0, T0},
     "{\"requestId\":\"REQ-2\",\"couponId\":1,\"userId\":17,\"status\":\"REJECTED\","
     "\"reason\":\"SOLD_OUT\",\"issueNo\":null,\"issuedAt\":null,\"expiresAt\":null,"
     "\"decidedAt\":" T0_TEXT "}"},
    {{"REQ-3", 0, 0, ISSUE_OUTCOME_DEAD_LETTERED, 0, 0, 0, T0},
     "{\"requestId\":\"REQ-3\",\"couponId\":null,\"userId\":null,\"status\":\"FAILED\","
     "\"reason\":\"DEAD_LETTERED\",\"issueNo\":null,\"issuedAt\":null,\"expiresAt\":null,"
     "\"decidedAt\":" T0_TEXT "}"},
};

static void a_result_is_what_the_contract_shows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct strbuf out = STRBUF_INIT;

        strbuf_add_text(&out, "<");
        issue_result_encode(&rows[i].result, &out);
        assert_string_equal(out.data + 1, rows[i].json);
        assert_int_equal(out.data[0], '<');
        assert_int_equal(out.len, strlen(rows[i].json) + 1);
        strbuf_free(&out);
    }
}

#define PENDING_REST                                                                               \
    ",\"status\":\"PENDING\",\"reason\":null,\"issueNo\":null,\"issuedAt\":null,"                  \
    "\"expiresAt\":null,\"decidedAt\":null,\"position\":"

static void expect_pending(uint64_t coupon_id, uint64_t user_id, int64_t position, const char *json)
{
    struct strbuf out = STRBUF_INIT;

    issue_result_encode_pending("REQ-1", coupon_id, user_id, position, &out);
    assert_string_equal(out.data, json);
    strbuf_free(&out);
}

static void pending_tells_the_position_when_it_is_known(void **state)
{
    (void)state;
    expect_pending(1, 16, 0,
                   "{\"requestId\":\"REQ-1\",\"couponId\":1,\"userId\":16" PENDING_REST "0}");
    expect_pending(1, 16, INT64_MAX,
                   "{\"requestId\":\"REQ-1\",\"couponId\":1,\"userId\":16" PENDING_REST
                   "9223372036854775807}");
    expect_pending(0, 0, -1,
                   "{\"requestId\":\"REQ-1\",\"couponId\":null,\"userId\":null" PENDING_REST
                   "null}");
}

static void outcomes_have_the_names_of_the_schema(void **state)
{
    static const char *const names[] = {"ISSUED", "SOLD_OUT", "ALREADY_ISSUED", "NOT_STARTED",
                                        "ENDED",  "CLOSED",   "UNKNOWN_COUPON", "DEAD_LETTERED"};
    static const char *const none[] = {"", "issued", "ISSUED ", "PENDING", "REJECTED", "SOLD"};
    enum issue_outcome outcome;

    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_true(issue_outcome_parse(names[i], &outcome));
        assert_int_equal(outcome, i + 1);
        assert_string_equal(issue_outcome_name(outcome), names[i]);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(issue_outcome_parse(none[i], &outcome));
}

static void expect_id(const struct json_t *object, const char *name, uint64_t expected)
{
    uint64_t id = 0;
    enum json_field field = json_get_id(object, name, &id);

    assert_int_equal(field, expected == 0 ? JSON_FIELD_ABSENT : JSON_FIELD_PRESENT);
    assert_true(id == expected);
}

static void expect_time(const struct json_t *object, const char *name, int64_t expected)
{
    int64_t wall_ms = 0;
    enum json_field field = json_get_time(object, name, &wall_ms);

    assert_int_equal(field, expected == 0 ? JSON_FIELD_ABSENT : JSON_FIELD_PRESENT);
    assert_true(wall_ms == expected);
}

/* 0 now and then: not known. */
static uint64_t random_or_none(uint64_t *random, uint64_t max)
{
    return random_u64(random) % 4 == 0 ? 0 : random_between(random, 1, max);
}

static void any_result_can_be_read(void **state)
{
    uint64_t random = 1;
    struct strbuf out = STRBUF_INIT;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct issue_result result = {
            .request_id = "Az09._-",
            .coupon_id = random_or_none(&random, INT64_MAX),
            .user_id = random_or_none(&random, INT64_MAX),
            .outcome = (enum issue_outcome)random_between(&random, 1, 8),
            .issue_no = (uint32_t)random_or_none(&random, UINT32_MAX),
            .issued_at_ms = (int64_t)random_or_none(&random, TIMESTAMP_MAX_MS),
            .expires_at_ms = (int64_t)random_or_none(&random, TIMESTAMP_MAX_MS),
            .decided_at_ms = (int64_t)random_or_none(&random, TIMESTAMP_MAX_MS),
        };
        struct json_t *object;
        const char *text;
        size_t len;

        strbuf_clear(&out);
        issue_result_encode(&result, &out);
        if (json_read_object(out.data, out.len, &object, NULL, 0) != JSON_OK)
            fail_msg("%s is not JSON", out.data);
        assert_int_equal(json_get_text(object, "requestId", &text, &len), JSON_FIELD_PRESENT);
        assert_string_equal(text, result.request_id);
        expect_id(object, "couponId", result.coupon_id);
        expect_id(object, "userId", result.user_id);
        expect_id(object, "issueNo", result.issue_no);
        expect_time(object, "issuedAt", result.issued_at_ms);
        expect_time(object, "expiresAt", result.expires_at_ms);
        expect_time(object, "decidedAt", result.decided_at_ms);
        json_free(object);
    }
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_what_the_contract_shows),
        cmocka_unit_test(pending_tells_the_position_when_it_is_known),
        cmocka_unit_test(outcomes_have_the_names_of_the_schema),
        cmocka_unit_test(any_result_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
