/* What is read of a dead letter: all that is there, of whoever wrote it, and nothing that is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/dlt/dlt_letter.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define BODY "{\"requestId\":\"R\",\"couponId\":7,\"userId\":3,\"acceptedAt\":5}"
#define PLACE                                                                                      \
    {"kafka_dlt-original-partition", BYTES("\0\0\0\2")},                                           \
    {                                                                                              \
        "kafka_dlt-original-offset", BYTES("\0\0\0\1\0\0\0\5")                                     \
    }

static struct dlt_letter read_letter(struct dlt_header *headers, size_t count, const char *value)
{
    struct dlt_letter letter = {.partition = 1,
                                .offset = 9,
                                .timestamp_ms = 1000,
                                .key = BYTES("7"),
                                .value = {value, value ? strlen(value) : 0},
                                .headers = headers,
                                .header_count = count};

    dlt_letter_read(&letter, "topic");
    return letter;
}

static void expect_bytes(struct dlt_bytes seen, const char *expected)
{
    assert_non_null(seen.data);
    assert_int_equal(seen.len, strlen(expected));
    assert_memory_equal(seen.data, expected, seen.len);
}

static void all_that_a_worker_writes_is_read(void **state)
{
    struct dlt_header headers[] = {
        {"trace", BYTES("x")},
        {"kafka_dlt-original-topic", BYTES("topic")},
        PLACE,
        {"kafka_dlt-original-timestamp", BYTES("\0\0\0\0\0\0\7\xd0")},
        {"kafka_dlt-exception-fqcn", BYTES("REFUSED")},
        {"kafka_dlt-exception-message", BYTES("not this one")},
        {"kafka_dlt-retry-count", BYTES("\0\0\0\5")},
    };
    struct dlt_letter letter = read_letter(headers, COUNT(headers), BODY);

    (void)state;
    assert_true(letter.has_record);
    assert_int_equal(letter.record.partition, 2);
    assert_true(letter.record.offset == (INT64_C(1) << 32) + 5);
    assert_int_equal(letter.record.timestamp_ms, 2000);
    assert_int_equal(dlt_letter_timestamp(&letter), 2000);
    assert_int_equal(letter.origin_partition, 2);
    assert_true(letter.origin_offset == letter.record.offset);
    expect_bytes(letter.cause, "REFUSED");
    expect_bytes(letter.message, "not this one");
    assert_int_equal(letter.retries, 5);
    assert_string_equal(letter.request_id, "R");
    assert_int_equal(letter.coupon_id, 7);
    assert_int_equal(letter.user_id, 3);
}

static void the_last_writer_is_right_and_springs_cause_is_the_thrown_one(void **state)
{
    struct dlt_header headers[] = {
        {"kafka_dlt-original-partition", BYTES("\0\0\0\1")},
        {"kafka_dlt-original-offset", BYTES("\0\0\0\0\0\0\0\1")},
        PLACE,
        {"kafka_dlt-exception-fqcn", BYTES("org.Wrapper")},
        {"kafka_dlt-exception-cause-fqcn", BYTES("com.Cause")},
    };
    struct dlt_letter letter = read_letter(headers, COUNT(headers), BODY);

    (void)state;
    assert_int_equal(letter.record.partition, 2);
    assert_int_equal(letter.record.timestamp_ms, -1);
    assert_int_equal(dlt_letter_timestamp(&letter), 1000); /* the best there is */
    expect_bytes(letter.cause, "com.Cause");
}

static void without_a_whole_place_the_letter_stands_for_itself(void **state)
{
    static const struct dlt_header odd[][2] = {
        {{"kafka_dlt-original-partition", BYTES("\0\0\0\2")}, {"other", BYTES("")}},
        {{"kafka_dlt-original-partition", BYTES("\0\0\2")},
         {"kafka_dlt-original-offset", BYTES("\0\0\0\1\0\0\0\5")}},
        {{"kafka_dlt-original-partition", BYTES("\xff\xff\xff\xff")},
         {"kafka_dlt-original-offset", BYTES("\0\0\0\1\0\0\0\5")}},
        {{"kafka_dlt-original-partition", BYTES("\0\0\0\2")},
         {"kafka_dlt-original-offset", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff")}},
        {{"kafka_dlt-original-partition", BYTES("\0\0\0\2")},
         {"kafka_dlt-original-offset", {NULL, 0}}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct dlt_header headers[2] = {odd[i][0], odd[i][1]};
        struct dlt_letter letter = read_letter(headers, 2, BODY);

        if (letter.has_record || letter.record.partition != 1 || letter.record.offset != 9)
            fail_msg("row %zu was taken for a place", i);
    }
}

static void a_record_of_another_topic_is_not_ours(void **state)
{
    static const char *const others[] = {"topi", "topic2", "", "TOPIC"};

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct dlt_header headers[] = {
            PLACE, {"kafka_dlt-original-topic", {others[i], strlen(others[i])}}};
        struct dlt_letter letter = read_letter(headers, COUNT(headers), BODY);

        assert_false(letter.has_record);
        expect_bytes(letter.topic, others[i]);
    }
}

static void a_second_dead_letter_knows_the_first_place(void **state)
{
    struct dlt_header headers[] = {
        {"coupon-replay", BYTES("topic.DLT:0:1")}, {"coupon-origin", BYTES("4:77")}, PLACE};
    struct dlt_letter letter =
        read_letter(headers, COUNT(headers), "{\"couponId\":7,\"userId\":3}");
    struct dlt_letter unmarked =
        read_letter(headers + 1, COUNT(headers) - 1, "{\"couponId\":7,\"userId\":3}");

    (void)state;
    assert_int_equal(letter.origin_partition, 4);
    assert_int_equal(letter.origin_offset, 77);
    assert_int_equal(unmarked.origin_partition, 2);
}

static void a_made_id_is_that_of_the_first_place(void **state)
{
    struct dlt_header headers[] = {PLACE,
                                   {"kafka_dlt-original-timestamp", BYTES("\0\0\0\0\0\0\7\xd0")}};
    struct dlt_letter letter =
        read_letter(headers, COUNT(headers), "{\"couponId\":7,\"userId\":3}");

    (void)state;
    assert_string_equal(letter.request_id, "topic-2-4294967301");
}

static void nothing_is_read_of_nothing(void **state)
{
    struct dlt_letter letter = read_letter(NULL, 0, NULL);

    (void)state;
    assert_null(letter.cause.data);
    assert_null(letter.message.data);
    assert_int_equal(letter.retries, -1);
    assert_string_equal(letter.request_id, "");
    assert_int_equal(letter.coupon_id, 0);
    letter.timestamp_ms = -1;
    assert_int_equal(dlt_letter_timestamp(&letter), -1);
}

static void only_headers_of_the_dead_letter_are_left_behind(void **state)
{
    (void)state;
    assert_true(dlt_header_is_ours("kafka_dlt-original-topic"));
    assert_true(dlt_header_is_ours("kafka_dlt-anything"));
    assert_true(dlt_header_is_ours("coupon-replay"));
    assert_true(dlt_header_is_ours("coupon-origin"));
    assert_false(dlt_header_is_ours("kafka_dl"));
    assert_false(dlt_header_is_ours("coupon-replay2"));
    assert_false(dlt_header_is_ours("traceparent"));
    assert_false(dlt_header_is_ours(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_a_worker_writes_is_read),
        cmocka_unit_test(the_last_writer_is_right_and_springs_cause_is_the_thrown_one),
        cmocka_unit_test(without_a_whole_place_the_letter_stands_for_itself),
        cmocka_unit_test(a_record_of_another_topic_is_not_ours),
        cmocka_unit_test(a_second_dead_letter_knows_the_first_place),
        cmocka_unit_test(a_made_id_is_that_of_the_first_place),
        cmocka_unit_test(nothing_is_read_of_nothing),
        cmocka_unit_test(only_headers_of_the_dead_letter_are_left_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
