/* The properties of a record's bytes: what is written is read back, damage is a fault or a request
 * that the key agrees with, and an id that is made up belongs to one place of one topic. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/timestamp.h"
#include "common/contract/issue_request.h"
#include "tests/unit/random.h"

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static void random_request(uint64_t *random, struct issue_request *request)
{
    size_t len = random_between(random, 1, REQUEST_ID_MAX);
    uint64_t id = random_between(random, 1, INT64_MAX);

    memset(request, 0, sizeof *request);
    for (size_t i = 0; i < len; i++)
        request->request_id[i] = random_byte(random, allowed, sizeof allowed - 1);
    if (random_u64(random) % 4 == 0)
        request->policy_id = id;
    else
        request->coupon_id = id;
    request->user_id = random_between(random, 1, INT64_MAX);
    request->accepted_at_ms = (int64_t)random_between(random, 0, TIMESTAMP_MAX_MS);
}

static void what_is_written_is_read_back(void **state)
{
    uint64_t random = 1;
    struct strbuf value = STRBUF_INIT;

    (void)state;
    for (int round = 0; round < 50000; round++) {
        struct issue_request request, back;
        struct issue_record record = {.topic = "t", .timestamp_ms = -1};
        char key[40];

        random_request(&random, &request);
        strbuf_clear(&value);
        issue_request_encode(&request, &value);
        snprintf(key, sizeof key, "%s%" PRIu64,
                 request.coupon_id != 0 && round % 2 == 0 ? "coupon-" : "",
                 request.coupon_id + request.policy_id);
        record.key = key;
        record.key_len = strlen(key);
        record.value = value.data;
        record.value_len = value.len;
        if (issue_request_decode(&record, &back, NULL, 0) != ISSUE_REQUEST_OK)
            fail_msg("%s was refused", value.data);
        assert_memory_equal(&back, &request, sizeof request);
    }
    strbuf_free(&value);
}

static void the_value_is_what_the_contract_says(void **state)
{
    struct issue_request request = {"REQ-1", 1, 0, 16, 1645875102123, ""};
    struct strbuf value = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&value, "before ");
    issue_request_encode(&request, &value);
    assert_string_equal(value.data, "before {\"schemaVersion\":1,\"requestId\":\"REQ-1\","
                                    "\"couponId\":1,\"userId\":16,"
                                    "\"acceptedAt\":\"2022-02-26T11:31:42.123Z\"}");
    strbuf_free(&value);
}

static const char sample[] = "{\"schemaVersion\":1,\"requestId\":\"REQ-1\",\"couponId\":12,"
                             "\"userId\":345,\"acceptedAt\":\"2022-02-26T11:31:42.123Z\"}";

static struct issue_record sample_record(const char *value, size_t len)
{
    return (struct issue_record){.topic = "t",
                                 .timestamp_ms = 1,
                                 .key = "12",
                                 .key_len = 2,
                                 .value = value,
                                 .value_len = len};
}

static void a_truncated_value_is_not_json(void **state)
{
    (void)state;
    for (size_t len = 1; len < sizeof sample - 1; len++) {
        char *copy = malloc(len);
        struct issue_record record = sample_record(copy, len);
        struct issue_request request;

        /* Of this very size, so that a read beyond it is seen. */
        assert_non_null(copy);
        memcpy(copy, sample, len);
        assert_int_equal(issue_request_decode(&record, &request, NULL, 0), ISSUE_REQUEST_NOT_JSON);
        assert_string_equal(request.request_id, "");
        free(copy);
    }
}

static void expect_sound(const struct issue_request *request, enum issue_request_fault fault,
                         const char *value)
{
    size_t id_len = strnlen(request->request_id, sizeof request->request_id);

    if (id_len != 0 && !request_id_valid(request->request_id, id_len))
        fail_msg("%s gave request id \"%s\"", value, request->request_id);
    if (fault != ISSUE_REQUEST_OK)
        return;
    if (id_len == 0 || request->user_id == 0 ||
        (request->coupon_id == 12) == (request->policy_id == 12) || request->accepted_at_ms < 0 ||
        request->accepted_at_ms > TIMESTAMP_MAX_MS)
        fail_msg("%s passed", value);
}

static void flipped_bits_are_a_fault_or_a_sound_request(void **state)
{
    const size_t bits = 8 * (sizeof sample - 1);
    char value[sizeof sample];
    size_t counts[ISSUE_REQUEST_OTHER_KEY + 1] = {0};

    (void)state;
    for (size_t first = 0; first < bits; first++) {
        for (size_t second = first; second < bits; second += 1 + first % 7) {
            struct issue_record record = sample_record(value, sizeof sample - 1);
            struct issue_request request;
            enum issue_request_fault fault;

            memcpy(value, sample, sizeof sample);
            value[first / 8] = (char)(value[first / 8] ^ (1 << first % 8));
            if (second != first)
                value[second / 8] = (char)(value[second / 8] ^ (1 << second % 8));
            fault = issue_request_decode(&record, &request, NULL, 0);
            expect_sound(&request, fault, value);
            counts[fault]++;
        }
    }
    assert_true(counts[ISSUE_REQUEST_OK] > 0 && counts[ISSUE_REQUEST_NOT_JSON] > 0 &&
                counts[ISSUE_REQUEST_WRONG_SHAPE] > 0 && counts[ISSUE_REQUEST_NEW_VERSION] > 0 &&
                counts[ISSUE_REQUEST_OTHER_KEY] > 0);
}

static void a_long_value_is_not_looked_at(void **state)
{
    char *value = malloc(ISSUE_REQUEST_VALUE_MAX + 1);
    struct issue_record record = sample_record(value, ISSUE_REQUEST_VALUE_MAX);
    struct issue_request request;

    (void)state;
    assert_non_null(value);
    memset(value, ' ', ISSUE_REQUEST_VALUE_MAX + 1);
    memcpy(value, sample, sizeof sample - 1);
    assert_int_equal(issue_request_decode(&record, &request, NULL, 0), ISSUE_REQUEST_OK);
    record.value_len++;
    assert_int_equal(issue_request_decode(&record, &request, NULL, 0), ISSUE_REQUEST_TOO_LONG);
    assert_string_equal(request.request_id, "");
    free(value);
}

static const char *made_id(const char *topic, int32_t partition, int64_t offset)
{
    static struct issue_request request;
    static const char value[] = "{\"couponId\":12,\"userId\":1}";
    struct issue_record record = sample_record(value, sizeof value - 1);

    record.topic = topic;
    record.partition = partition;
    record.offset = offset;
    assert_int_equal(issue_request_decode(&record, &request, NULL, 0), ISSUE_REQUEST_OK);
    assert_true(request_id_valid(request.request_id, strlen(request.request_id)));
    return request.request_id;
}

static void an_id_is_made_of_the_records_place(void **state)
{
    static const char topic_60[] = "t23456789012345678901234567890123456789012345678901234567890";

    (void)state;
    assert_string_equal(made_id("TimeAttackCouponIssue", 0, 0), "TimeAttackCouponIssue-0-0");
    assert_string_equal(made_id("a.b_c-1", 2147483647, INT64_MAX),
                        "a.b_c-1-2147483647-9223372036854775807");
    assert_int_equal(strlen(made_id(topic_60, 0, 1)), 64);
    assert_memory_equal(made_id(topic_60, 0, 1), topic_60, 60);
    /* hashlib.blake2b(topic + b"-0-10", digest_size=16).hexdigest() */
    assert_string_equal(made_id(topic_60, 0, 10), "a36ad0cf69b4e53ebb5044515c73a33e");
    assert_string_equal(made_id("no topic", 0, 10), "5a581fdd49bb2a4c6ca07d0d6aea5832");
}

static void made_ids_are_told_apart(void **state)
{
    static const struct {
        const char *topic;
        int32_t partition;
        int64_t offset;
    } places[] = {{"t", 1, 11},   {"t", 11, 1},    {"t-1", 1, 1},  {"t-1-1", 1, 1},
                  {"t", 1, 1},    {"t t", 1, 11},  {"t t", 11, 1}, {"t t", 1, 12},
                  {"t u", 1, 11}, {"t t-1", 1, 11}};
    const size_t count = sizeof places / sizeof places[0];
    char ids[10][REQUEST_ID_MAX + 1];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        strcpy(ids[i], made_id(places[i].topic, places[i].partition, places[i].offset));
        assert_string_equal(made_id(places[i].topic, places[i].partition, places[i].offset),
                            ids[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
}

static void a_detail_is_cut_and_tells_no_bytes(void **state)
{
    static const char *const values[] = {
        "{\"couponId\":\"hunter2\"}", "{\"couponId\":1,\"hunter2\":1,\"hunter2\":1}", "hunter2",
        "{\"requestId\":\"hunter2!\",\"couponId\":12,\"userId\":1}",
        "{\"requestId\":\"a\",\"couponId\":12,\"userId\":1,\"acceptedAt\":\"hunter2\"}"};
    struct issue_request request;
    char detail[160];

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct issue_record record = sample_record(values[i], strlen(values[i]));

        assert_int_not_equal(issue_request_decode(&record, &request, detail, sizeof detail),
                             ISSUE_REQUEST_OK);
        assert_true(strlen(detail) > 10);
        assert_null(strstr(detail, "hunter2"));
        memset(detail, '#', sizeof detail);
        issue_request_decode(&record, &request, detail, 4);
        assert_int_equal(strlen(detail), 3);
        assert_int_equal(detail[4], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_value_is_what_the_contract_says),
        cmocka_unit_test(a_truncated_value_is_not_json),
        cmocka_unit_test(flipped_bits_are_a_fault_or_a_sound_request),
        cmocka_unit_test(a_long_value_is_not_looked_at),
        cmocka_unit_test(an_id_is_made_of_the_records_place),
        cmocka_unit_test(made_ids_are_told_apart),
        cmocka_unit_test(a_detail_is_cut_and_tells_no_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
