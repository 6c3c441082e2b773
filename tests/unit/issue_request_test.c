/* A record of the request topic is either read exactly, in each shape that producers write, or
 * refused with one class of fault; what could be read of it is kept, and its bytes are not told. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/timestamp.h"
#include "common/contract/issue_request.h"

/* The tables below leave out what does not stand in the value. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define KAFKA_MS INT64_C(1700000000000)
#define MADE_ID "coupon-issue-request-2-4711"
#define TEN "aaaaaaaaaa"

static struct issue_record record_of(const char *key, const char *value)
{
    return (struct issue_record){
        .topic = "coupon-issue-request",
        .partition = 2,
        .offset = 4711,
        .timestamp_ms = KAFKA_MS,
        .key = key,
        .key_len = key == NULL ? 0 : strlen(key),
        .value = value,
        .value_len = value == NULL ? 0 : strlen(value),
    };
}

static const struct {
    const char *key, *value;
    struct issue_request request;
} shapes[] = {
    /* Our own, and what the console producer sends. */
    {"1",
     "{\"schemaVersion\":1,\"requestId\":\"R\",\"couponId\":1,\"userId\":16,"
     "\"acceptedAt\":\"2022-02-26T11:31:42.123Z\"}",
     {"R", 1, 0, 16, 1645875102123}},
    {"1", "{\"requestId\":\"REQ-1\",\"couponId\":1,\"userId\":1}", {"REQ-1", 1, 0, 1, KAFKA_MS}},
    {"1", " {\t\"couponId\":1,\r\n\"userId\":2} \n", {MADE_ID, 1, 0, 2, KAFKA_MS}},
    /* A: a time-attack policy, without an id, a version or a zone. */
    {"1",
     "{\"policyId\":1,\"userId\":1,\"issuedAt\":\"2022-02-26T11:31:42\"}",
     {MADE_ID, 0, 1, 1, 1645875102000}},
    /* C: an event with its own names; the key has a prefix. */
    {"coupon-1",
     "{\"eventId\":\"e-1\",\"userId\":16,\"couponId\":1,\"timestamp\":1645875102123,\"version\":1}",
     {"e-1", 1, 0, 16, 1645875102123}},
    {"coupon-1",
     "{\"eventId\":\"e-1\",\"userId\":16,\"couponId\":1,\"timestamp\":\"2022-02-26T11:31:42\"}",
     {"e-1", 1, 0, 16, 1645875102000}},
    /* D and E: the bare pair. */
    {"7", "{\"couponId\":7,\"userId\":3}", {MADE_ID, 7, 0, 3, KAFKA_MS}},
    /* The first name rules; what follows it is not looked at. */
    {"7",
     "{\"requestId\":\"a\",\"eventId\":5,\"couponId\":7,\"policyId\":\"x\",\"userId\":3,"
     "\"acceptedAt\":1,\"issuedAt\":\"never\",\"timestamp\":[],\"schemaVersion\":1,\"version\":9}",
     {"a", 7, 0, 3, 1}},
    {"7",
     "{\"issuedAt\":2,\"timestamp\":3,\"couponId\":7,\"policyId\":8,\"userId\":3}",
     {MADE_ID, 7, 0, 3, 2}},
    /* null is absent; other members are ignored, whatever they hold. */
    {"7",
     "{\"requestId\":null,\"eventId\":\"e\",\"couponId\":null,\"policyId\":7,\"userId\":3,"
     "\"acceptedAt\":null,\"schemaVersion\":null,\"more\":{\"userId\":[9]},\"couponid\":-1}",
     {"e", 0, 7, 3, KAFKA_MS}},
    {"9223372036854775807",
     "{\"requestId\":\"a\",\"couponId\":9223372036854775807,\"userId\":9007199254740993}",
     {"a", INT64_MAX, 0, 9007199254740993, KAFKA_MS}},
    {"1",
     "{\"requestId\":\"Az09._-\",\"couponId\":1,\"userId\":1,\"acceptedAt\":0}",
     {"Az09._-", 1, 0, 1, 0}},
    {"1",
     "{\"requestId\":\"" TEN TEN TEN TEN TEN TEN "1234\",\"couponId\":1,\"userId\":1}",
     {TEN TEN TEN TEN TEN TEN "1234", 1, 0, 1, KAFKA_MS}},
};

static void expect_request(const struct issue_request *request,
                           const struct issue_request *expected, const char *value)
{
    if (strcmp(request->request_id, expected->request_id) != 0 ||
        request->coupon_id != expected->coupon_id || request->policy_id != expected->policy_id ||
        request->user_id != expected->user_id ||
        request->accepted_at_ms != expected->accepted_at_ms)
        fail_msg("%s\ngave %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\nnot  %s %" PRIu64
                 " %" PRIu64 " %" PRIu64 " %" PRId64,
                 value, request->request_id, request->coupon_id, request->policy_id,
                 request->user_id, request->accepted_at_ms, expected->request_id,
                 expected->coupon_id, expected->policy_id, expected->user_id,
                 expected->accepted_at_ms);
}

static void each_shape_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct issue_record record = record_of(shapes[i].key, shapes[i].value);
        struct issue_request request;
        char detail[160] = "";
        enum issue_request_fault fault =
            issue_request_decode(&record, &request, detail, sizeof detail);

        if (fault != ISSUE_REQUEST_OK)
            fail_msg("%s\nwas refused: %s", shapes[i].value, detail);
        expect_request(&request, &shapes[i].request, shapes[i].value);
    }
}

#define GOOD "\"requestId\":\"R\",\"couponId\":1,\"userId\":2"
#define READ                                                                                       \
    {                                                                                              \
        "R", 1, 0, 2, KAFKA_MS                                                                     \
    }
#define NOTHING                                                                                    \
    {                                                                                              \
        "", 0, 0, 0, 0                                                                             \
    }

static const struct {
    enum issue_request_fault fault;
    const char *key, *value, *detail;
    struct issue_request request;
} faults[] = {
    {ISSUE_REQUEST_EMPTY, "1", NULL, "no value", NOTHING},
    {ISSUE_REQUEST_EMPTY, "1", "", "no value", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "garbage", "not JSON", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "{" GOOD, "too early", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "{" GOOD "}}", "follows", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "{" GOOD ",\"userId\":2}", "twice", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "{" GOOD ",\"x\":1e400}", "out of range", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "{\"couponId\":9223372036854775808}", "out of range", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "{\"requestId\":\"a\\u0000b\"}", "NUL", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "{\"requestId\":\"\\ud800\"}", "not JSON", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "{\"requestId\":\"\xff\"}", "UTF-8", NOTHING},
    {ISSUE_REQUEST_NOT_JSON, "1", "\xEF\xBB\xBF{" GOOD "}", "not JSON", NOTHING},
    {ISSUE_REQUEST_WRONG_SHAPE, "1", "[{" GOOD "}]", "an array", NOTHING},
    {ISSUE_REQUEST_WRONG_SHAPE, "1", "null", "null", NOTHING},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{}",
     "neither couponId nor policyId",
     {"", 0, 0, 0, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"requestId\":\"R\",\"couponId\":1}",
     "userId is not given",
     {"R", 1, 0, 0, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"requestId\":\"R\",\"userId\":2}",
     "neither couponId",
     {"R", 0, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"requestId\":\"R\",\"couponId\":0,\"userId\":2}",
     "couponId is not",
     {"R", 0, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"couponId\":\"1\",\"policyId\":1,\"userId\":2}",
     "couponId is not",
     {"", 0, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"requestId\":\"R\",\"policyId\":1.5,\"userId\":2}",
     "policyId is not",
     {"R", 0, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"requestId\":\"R\",\"couponId\":1,\"userId\":-2}",
     "userId is not",
     {"R", 1, 0, 0, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"couponId\":1,\"userId\":true}",
     "userId is not",
     {"", 1, 0, 0, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"requestId\":7,\"couponId\":1,\"userId\":2}",
     "requestId is not a string",
     {"", 1, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"requestId\":\"\",\"couponId\":1,\"userId\":2}",
     "requestId is not 1 to 64",
     {"", 1, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"requestId\":\"a b\",\"couponId\":1,\"userId\":2}",
     "requestId is not 1 to 64",
     {"", 1, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"requestId\":\"" TEN TEN TEN TEN TEN TEN "12345\",\"couponId\":1,\"userId\":2}",
     "requestId is not 1 to 64",
     {"", 1, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{\"eventId\":\"\\n\",\"couponId\":1,\"userId\":2}",
     "eventId is not 1 to 64",
     {"", 1, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{" GOOD ",\"acceptedAt\":\"soon\"}",
     "acceptedAt is neither",
     {"R", 1, 0, 2, 0}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{" GOOD ",\"acceptedAt\":-1,\"issuedAt\":5}",
     "acceptedAt is",
     {"R", 1, 0, 2, 0}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{" GOOD ",\"issuedAt\":1.5}",
     "issuedAt is neither",
     {"R", 1, 0, 2, 0}},
    {ISSUE_REQUEST_WRONG_SHAPE,
     "1",
     "{" GOOD ",\"timestamp\":253402300800000}",
     "timestamp is",
     {"R", 1, 0, 2, 0}},
    {ISSUE_REQUEST_WRONG_SHAPE, "1", "{" GOOD ",\"schemaVersion\":0}", "schemaVersion is not",
     READ},
    {ISSUE_REQUEST_WRONG_SHAPE, "1", "{" GOOD ",\"schemaVersion\":\"1\",\"version\":1}",
     "schemaVersion is not", READ},
    {ISSUE_REQUEST_WRONG_SHAPE, "1", "{" GOOD ",\"version\":1.0}", "version is not", READ},
    {ISSUE_REQUEST_NEW_VERSION, "1", "{" GOOD ",\"schemaVersion\":2}", "schemaVersion is 2", READ},
    {ISSUE_REQUEST_NEW_VERSION, "1", "{" GOOD ",\"version\":3}", "version is 3", READ},
    {ISSUE_REQUEST_NEW_VERSION, "1", "{" GOOD ",\"schemaVersion\":9223372036854775807}",
     "9223372036854775807", READ},
    {ISSUE_REQUEST_NEW_VERSION,
     "x",
     "{\"requestId\":\"R\",\"schemaVersion\":2,\"coupon\":{}}",
     "schemaVersion is 2",
     {"R", 0, 0, 0, KAFKA_MS}},
    {ISSUE_REQUEST_NO_KEY, NULL, "{" GOOD "}", "no key", READ},
    {ISSUE_REQUEST_NO_KEY, "", "{" GOOD "}", "no key", READ},
    {ISSUE_REQUEST_OTHER_KEY, "2", "{" GOOD "}", "not the couponId", READ},
    {ISSUE_REQUEST_OTHER_KEY,
     "2",
     "{\"couponId\":1,\"userId\":2}",
     "not the couponId",
     {"", 1, 0, 2, KAFKA_MS}},
    {ISSUE_REQUEST_OTHER_KEY,
     "8",
     "{\"requestId\":\"R\",\"policyId\":7,\"userId\":2}",
     "not the policyId",
     {"R", 0, 7, 2, KAFKA_MS}},
    {ISSUE_REQUEST_OTHER_KEY,
     "coupon-7",
     "{\"requestId\":\"R\",\"policyId\":7,\"userId\":2}",
     "not the policyId",
     {"R", 0, 7, 2, KAFKA_MS}},
};

static void each_fault_has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct issue_record record = record_of(faults[i].key, faults[i].value);
        struct issue_request request;
        char detail[160] = "";
        enum issue_request_fault fault;

        memset(&request, 0x55, sizeof request);
        fault = issue_request_decode(&record, &request, detail, sizeof detail);
        if (fault != faults[i].fault || strstr(detail, faults[i].detail) == NULL)
            fail_msg("%s (row %zu) gave %s \"%s\", not %s \"…%s…\"", faults[i].value, i,
                     issue_request_fault_name(fault), detail,
                     issue_request_fault_name(faults[i].fault), faults[i].detail);
        expect_request(&request, &faults[i].request, faults[i].value);
        assert_int_equal(issue_request_decode(&record, &request, NULL, 0), fault);
    }
}

static void the_key_is_the_coupon_in_plain_decimal(void **state)
{
    static const char *const bad[] = {"07",
                                      "+7",
                                      "-7",
                                      " 7",
                                      "7 ",
                                      "7\n",
                                      "7.0",
                                      "0x7",
                                      "77",
                                      "0",
                                      "coupon-",
                                      "coupon-07",
                                      "coupon--7",
                                      "coupon-7 ",
                                      "COUPON-7",
                                      "coupon7",
                                      "coupon-coupon-7",
                                      "policy-7",
                                      "\"7\"",
                                      "18446744073709551623" /* 7 + 2^64 */};
    struct issue_record record =
        record_of("7", "{\"requestId\":\"R\",\"couponId\":7,\"userId\":1}");
    struct issue_request request;

    (void)state;
    assert_int_equal(issue_request_decode(&record, &request, NULL, 0), ISSUE_REQUEST_OK);
    record.key = "coupon-7";
    record.key_len = 8;
    assert_int_equal(issue_request_decode(&record, &request, NULL, 0), ISSUE_REQUEST_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        record.key = bad[i];
        record.key_len = strlen(bad[i]);
        if (issue_request_decode(&record, &request, NULL, 0) != ISSUE_REQUEST_OTHER_KEY)
            fail_msg("key \"%s\" passed", bad[i]);
    }
    record.key = "7\0";
    record.key_len = 2;
    assert_int_equal(issue_request_decode(&record, &request, NULL, 0), ISSUE_REQUEST_OTHER_KEY);
}

static void kafkas_timestamp_must_be_a_time(void **state)
{
    static const struct {
        int64_t timestamp_ms;
        enum issue_request_fault fault;
    } rows[] = {
        {-1, ISSUE_REQUEST_WRONG_SHAPE},        {INT64_MIN, ISSUE_REQUEST_WRONG_SHAPE},
        {INT64_MAX, ISSUE_REQUEST_WRONG_SHAPE}, {TIMESTAMP_MAX_MS + 1, ISSUE_REQUEST_WRONG_SHAPE},
        {TIMESTAMP_MAX_MS, ISSUE_REQUEST_OK},   {0, ISSUE_REQUEST_OK}};
    struct issue_record record = record_of("1", "{" GOOD "}");
    struct issue_request request;
    char detail[160];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool good = rows[i].fault == ISSUE_REQUEST_OK;

        record.timestamp_ms = rows[i].timestamp_ms;
        assert_int_equal(issue_request_decode(&record, &request, detail, sizeof detail),
                         rows[i].fault);
        assert_true(request.accepted_at_ms == (good ? rows[i].timestamp_ms : 0));
    }
    record.timestamp_ms = -1;
    record.value = "{" GOOD ",\"timestamp\":5}";
    record.value_len = strlen(record.value);
    assert_int_equal(issue_request_decode(&record, &request, NULL, 0), ISSUE_REQUEST_OK);
}

static void a_replay_keeps_the_id_that_was_made_for_it(void **state)
{
    struct issue_record record = record_of("7", "{\"couponId\":7,\"userId\":3}");
    struct issue_request request;

    (void)state;
    record.replayed = true;
    record.first_partition = 0;
    record.first_offset = 99;
    assert_int_equal(issue_request_decode(&record, &request, NULL, 0), ISSUE_REQUEST_OK);
    assert_string_equal(request.request_id, "coupon-issue-request-0-99");
}

static void fault_names_are_stable(void **state)
{
    static const char *const names[] = {"OK",       "EMPTY",       "TOO_LONG",
                                        "NOT_JSON", "WRONG_SHAPE", "NEW_VERSION",
                                        "NO_KEY",   "OTHER_KEY",   "REFUSED"};

    (void)state;
    for (int i = ISSUE_REQUEST_OK; i <= ISSUE_REQUEST_REFUSED; i++)
        assert_string_equal(issue_request_fault_name((enum issue_request_fault)i), names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shape_is_read),
        cmocka_unit_test(each_fault_has_its_class),
        cmocka_unit_test(the_key_is_the_coupon_in_plain_decimal),
        cmocka_unit_test(kafkas_timestamp_must_be_a_time),
        cmocka_unit_test(a_replay_keeps_the_id_that_was_made_for_it),
        cmocka_unit_test(fault_names_are_stable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
