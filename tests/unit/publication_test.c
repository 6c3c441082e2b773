/* What Redis is sent after a commit, read back as Redis reads it: first the results, then each
 * state before the message that tells of it. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract/result_key.h"
#include "issue-worker/publication.h"

#define NOW INT64_C(1645875102123)
#define NOW_TEXT "\"2022-02-26T11:31:42.123Z\""

/* "*3\r\n$3\r\nSET…": the number behind a letter, up to CR LF. */
static size_t read_size(const char **at, const char *end, char letter)
{
    char *stop;
    unsigned long size;

    if (*at >= end || **at != letter)
        fail_msg("expected '%c', saw \"%.20s\"", letter, *at);
    size = strtoul(*at + 1, &stop, 10);
    if (stop == *at + 1 || stop[0] != '\r' || stop[1] != '\n')
        fail_msg("expected a size, saw \"%.20s\"", *at);
    *at = stop + 2;
    return size;
}

/* The commands of a RESP stream, one line each, their parts with blanks between. */
static char *read_commands(const struct strbuf *bytes, size_t *count)
{
    const char *at = bytes->data, *end = at + bytes->len;
    struct strbuf lines = STRBUF_INIT;

    strbuf_add_text(&lines, "");
    for (*count = 0; at < end; (*count)++) {
        size_t parts = read_size(&at, end, '*');

        for (size_t i = 0; i < parts; i++) {
            size_t len = read_size(&at, end, '$');

            if (at + len + 2 > end || memcmp(at + len, "\r\n", 2) != 0)
                fail_msg("a part of %zu bytes does not end: \"%.40s\"", len, at);
            if (i)
                strbuf_add(&lines, " ", 1);
            strbuf_add(&lines, at, len);
            at += len + 2;
        }
        strbuf_add(&lines, "\n", 1);
    }
    return lines.data;
}

static void expect_commands(const struct publication *publication, int64_t ttl_s, size_t expected,
                            const char *lines)
{
    struct strbuf bytes = STRBUF_INIT;
    size_t told, seen;
    char *text;

    strbuf_add_text(&bytes, "*1\r\n$4\r\nPING\r\n"); /* it appends */
    told = publication_encode(publication, ttl_s, &bytes);
    text = read_commands(&bytes, &seen);
    if (told != expected || seen != expected + 1)
        fail_msg("expected %zu commands, was told %zu, saw %zu", expected, told, seen - 1);
    if (strcmp(text + strlen("PING\n"), lines) != 0)
        fail_msg("expected\n%ssaw\n%s", lines, text + strlen("PING\n"));
    free(text);
    strbuf_free(&bytes);
}

static void release(void *message)
{
    (void)message;
}

static struct issue_item *add(struct issue_batch *batch, const char *value)
{
    const struct issue_record record = {.topic = "t",
                                        .offset = (int64_t)batch->count,
                                        .timestamp_ms = 1,
                                        .key = "1",
                                        .key_len = 1,
                                        .value = value,
                                        .value_len = strlen(value)};

    issue_batch_add(batch, &record, NULL, true);
    return &batch->items[batch->count - 1];
}

static struct issue_batch *decided_batch(void)
{
    struct issue_batch *batch = issue_batch_new(10, release);

    add(batch, "{\"requestId\":\"a\",\"couponId\":1,\"userId\":16}")->verdict =
        (struct issue_verdict){ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_ISSUED, 1, 5, 1, NOW};
    add(batch, "{\"requestId\":\"b\",\"couponId\":1,\"userId\":17}")->verdict =
        (struct issue_verdict){ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_SOLD_OUT, 1, 0, 0,
                               COUPON_NEVER_MS};
    add(batch, "{\"requestId\":\"c\",\"couponId\":1,\"userId\":17}")->verdict.kind =
        ISSUE_VERDICT_REPEATED;
    add(batch, "{\"requestId\":\"d\",\"couponId\":1,\"userId\":17}")->verdict.kind =
        ISSUE_VERDICT_CONFLICT;
    add(batch, "{\"requestId\":\"e\",\"couponId\":1}")->verdict = (struct issue_verdict){
        ISSUE_VERDICT_FAULTY, ISSUE_OUTCOME_DEAD_LETTERED, 1, 0, 0, COUPON_NEVER_MS};
    add(batch, "garbage")->verdict = (struct issue_verdict){
        ISSUE_VERDICT_FAULTY, ISSUE_OUTCOME_DEAD_LETTERED, 0, 0, 0, COUPON_NEVER_MS};
    add(batch, "{\"requestId\":\"f\",\"couponId\":1,\"userId\":18}")->verdict =
        (struct issue_verdict){ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_ISSUED, 1, 6, 1, NOW};
    batch->items[6].skipped = true;
    add(batch, "{\"requestId\":\"g\",\"couponId\":1,\"userId\":19}")->verdict =
        (struct issue_verdict){ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_ISSUED, 1, 7, 1,
                               COUPON_NEVER_MS};
    return batch;
}

static void results_come_before_states_and_states_before_messages(void **state)
{
    struct issue_batch *batch = decided_batch();
    struct publication *publication = publication_new();

    (void)state;
    /* In whatever order they are added. */
    publication_add_progress(publication, "coupon-issue-request", 2, 4711, true);
    publication_add_results(publication, batch, NOW);
    publication_add_sold_out(publication, 1, 100);
    publication_add_progress(publication, "v2", 0, INT64_MAX, false);
    expect_commands(
        publication, 3600, 3 + 6,
        "SET coupon:result:a {\"requestId\":\"a\",\"couponId\":1,\"userId\":16,\"status\":"
        "\"ISSUED\",\"reason\":null,\"issueNo\":5,\"issuedAt\":" NOW_TEXT ",\"expiresAt\":" NOW_TEXT
        ",\"decidedAt\":" NOW_TEXT "} EX 3600\n"
        "SET coupon:result:b {\"requestId\":\"b\",\"couponId\":1,\"userId\":17,\"status\":"
        "\"REJECTED\",\"reason\":\"SOLD_OUT\",\"issueNo\":null,\"issuedAt\":null,\"expiresAt\":"
        "null,\"decidedAt\":" NOW_TEXT "} EX 3600\n"
        "SET coupon:result:g {\"requestId\":\"g\",\"couponId\":1,\"userId\":19,\"status\":"
        "\"ISSUED\",\"reason\":null,\"issueNo\":7,\"issuedAt\":" NOW_TEXT ",\"expiresAt\":null,"
        "\"decidedAt\":" NOW_TEXT "} EX 3600\n"
        "HSET coupon:progress coupon-issue-request:2 4711\n"
        "PUBLISH coupon:broadcast progress coupon-issue-request 2 4711 1\n"
        "SET coupon:available:1 false\n"
        "PUBLISH coupon:broadcast sold-out 1 100\n"
        "HSET coupon:progress v2:0 9223372036854775807\n"
        "PUBLISH coupon:broadcast progress v2 0 9223372036854775807 0\n");
    publication_free(publication);
    issue_batch_free(batch);
}

#define T "017f22e2-79"
#define ID(n) "-7cc3-98c4-dc0c0c07398" n
#define CLOSED(id, user)                                                                           \
    "{\"requestId\":\"" id "\",\"couponId\":1,\"userId\":" user                                    \
    ",\"status\":\"REJECTED\",\"reason\":\"CLOSED\",\"issueNo\":null,\"issuedAt\":null,"           \
    "\"expiresAt\":null,\"decidedAt\":" NOW_TEXT "}"

static void add_closed(struct issue_batch *batch, const char *id, int user)
{
    char value[200];

    snprintf(value, sizeof value, "{\"requestId\":\"%s\",\"couponId\":1,\"userId\":%d}", id, user);
    add(batch, value)->verdict = (struct issue_verdict){
        ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_CLOSED, 1, 0, 0, COUPON_NEVER_MS};
}

/* Neighbours of the same 256 ms go into one hash, with its time to live in one step. */
static void results_of_one_time_share_a_hash(void **state)
{
    struct issue_batch *batch = issue_batch_new(10, release);
    struct publication *publication = publication_new();

    (void)state;
    add_closed(batch, T "00" ID("a"), 1);
    add_closed(batch, T "ff" ID("b"), 2);
    add_closed(batch, "017f22e2-7a00" ID("c"), 3);
    add_closed(batch, "REQ-1", 4);
    add_closed(batch, T "00" ID("d"), 5);
    publication_add_results(publication, batch, NOW);
    expect_commands(
        publication, 60, 4 + 4 + 1 + 4,
        "MULTI\n"
        "HSET coupon:results:017f22e279 " T
        "00" ID("a") " " CLOSED(T "00" ID("a"), "1") " " T "ff" ID("b") " " CLOSED(
            T "ff" ID("b"),
            "2") "\n"
                 "EXPIRE coupon:results:017f22e279 60\nEXEC\n"
                 "MULTI\n"
                 "HSET coupon:results:017f22e27a 017f22e2-7a00" ID("c") " " CLOSED(
                     "017f22e2-7a00" ID("c"),
                     "3") "\n"
                          "EXPIRE coupon:results:017f22e27a 60\nEXEC\n"
                          "SET coupon:result:REQ-1 " CLOSED(
                              "REQ-1", "4") " EX 60\n"
                                            "MULTI\n"
                                            "HSET coupon:results:017f22e279 " T
                                            "00" ID("d") " " CLOSED(
                                                T "00" ID("d"),
                                                "5") "\n"
                                                     "EXPIRE coupon:results:017f22e279 60\nEXEC\n");
    publication_free(publication);
    issue_batch_free(batch);
}

static void nothing_to_tell_is_nothing(void **state)
{
    struct publication *publication = publication_new();
    struct issue_batch *batch = issue_batch_new(1, release);

    (void)state;
    expect_commands(publication, 60, 0, "");
    publication_add_results(publication, batch, NOW);
    expect_commands(publication, 60, 0, "");
    publication_free(publication);
    publication_free(NULL);
    issue_batch_free(batch);
}

/* The longest topic and requestId there can be, and more broadcasts than there was room for. */
static void long_names_and_many_broadcasts_fit(void **state)
{
    char topic[BROADCAST_TOPIC_MAX + 1], value[200], id[REQUEST_ID_MAX + 1];
    struct publication *publication = publication_new();
    struct issue_batch *batch = issue_batch_new(1, release);
    struct strbuf bytes = STRBUF_INIT;
    size_t count;
    char *text, *line;

    (void)state;
    memset(topic, 't', sizeof topic);
    topic[BROADCAST_TOPIC_MAX] = '\0';
    memset(id, 'i', sizeof id);
    id[REQUEST_ID_MAX] = '\0';
    snprintf(value, sizeof value, "{\"requestId\":\"%s\",\"couponId\":1,\"userId\":1}", id);
    add(batch, value)->verdict = (struct issue_verdict){
        ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_CLOSED, 1, 0, 0, COUPON_NEVER_MS};
    publication_add_results(publication, batch, NOW);
    for (int32_t i = 0; i < 100; i++)
        publication_add_progress(publication, topic, INT32_MAX - i, INT64_MAX, true);
    assert_int_equal(publication_encode(publication, 1, &bytes), 201);
    text = read_commands(&bytes, &count);
    assert_int_equal(count, 201);
    line = strchr(text, '\n') + 1;
    assert_memory_equal(text + strlen("SET " RESULT_KEY_PREFIX), id, REQUEST_ID_MAX);
    for (int32_t i = 0; i < 100; i++) {
        char expected[2000];
        int len =
            snprintf(expected, sizeof expected,
                     "HSET coupon:progress %s:%" PRId32 " 9223372036854775807\n"
                     "PUBLISH coupon:broadcast progress %s %" PRId32 " 9223372036854775807 1\n",
                     topic, INT32_MAX - i, topic, INT32_MAX - i);

        if (strncmp(line, expected, (size_t)len) != 0)
            fail_msg("broadcast %d: expected\n%ssaw\n%.700s", i, expected, line);
        line += len;
    }
    free(text);
    strbuf_free(&bytes);
    publication_free(publication);
    issue_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_come_before_states_and_states_before_messages),
        cmocka_unit_test(results_of_one_time_share_a_hash),
        cmocka_unit_test(nothing_to_tell_is_nothing),
        cmocka_unit_test(long_names_and_many_broadcasts_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
