/* The short cut for records that a gateway wrote agrees with the reader of all JSON: what it takes,
 * the other takes too and reads the same, whatever is done to the bytes. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/timestamp.h"
#include "common/contract/issue_request_own.h"
#include "tests/unit/random.h"

#define ID_MAX INT64_C(999999999999999999) /* 18 digits */

struct written {
    struct issue_request request;
    struct issue_record record;
    char key[24];
    struct strbuf value;
};

static void write_record(uint64_t *random, struct written *written)
{
    struct issue_request *request = &written->request;
    size_t len = random_between(random, 1, REQUEST_ID_MAX);

    memset(request, 0, sizeof *request);
    for (size_t i = 0; i < len; i++)
        request->request_id[i] = random_byte(random, "aZ09._-", 7);
    request->coupon_id = random_between(random, 1, ID_MAX);
    request->user_id = random_between(random, 1, ID_MAX);
    request->accepted_at_ms = (int64_t)random_between(random, 0, TIMESTAMP_MAX_MS);
    strbuf_clear(&written->value);
    issue_request_encode(request, &written->value);
    snprintf(written->key, sizeof written->key, "%" PRIu64, request->coupon_id);
    written->record = (struct issue_record){
        .topic = "t",
        .timestamp_ms = -1,
        .key = written->key,
        .key_len = strlen(written->key),
        .value = written->value.data,
        .value_len = written->value.len,
    };
}

static void a_gateways_record_is_read(void **state)
{
    struct written written = {.value = STRBUF_INIT};
    uint64_t random = 1;

    (void)state;
    for (int round = 0; round < 50000; round++) {
        struct issue_request back;

        write_record(&random, &written);
        if (!issue_request_decode_own(&written.record, &back))
            fail_msg("%s was not taken", written.value.data);
        assert_memory_equal(&back, &written.request, sizeof back);
    }
    strbuf_free(&written.value);
}

static void damage(uint64_t *random, struct written *written)
{
    static const char bytes[] = "\"{}[]:,. \\0123456789-+eEtTzZn/\n\x7f\xc3";
    char *value = written->value.data;
    size_t at = random_u64(random) % written->value.len;

    switch (random_u64(random) % 4) {
    case 0: /* another byte, or a NUL */
        value[at] = random_byte(random, bytes, sizeof bytes);
        break;
    case 1: /* one byte less */
        memmove(value + at, value + at + 1, written->value.len - at);
        written->value.len--;
        break;
    case 2: /* its end is gone */
        written->value.len = at;
        break;
    default: /* one digit of the key is another */
        written->key[random_u64(random) % strlen(written->key)] = random_byte(random, "0123x", 5);
    }
    written->record.value_len = written->value.len;
}

static void what_it_takes_the_other_reads_alike(void **state)
{
    struct written written = {.value = STRBUF_INIT};
    uint64_t random = 2;
    int taken = 0;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        struct issue_request own, other;

        write_record(&random, &written);
        damage(&random, &written);
        if (!issue_request_decode_own(&written.record, &own))
            continue;
        taken++;
        /* A blank behind the value is nothing to JSON, and not what a gateway writes. */
        strbuf_add(&written.value, " ", 1);
        written.record.value = written.value.data;
        written.record.value_len = written.value.len;
        assert_false(issue_request_decode_own(&written.record, &other));
        if (issue_request_decode(&written.record, &other, NULL, 0) != ISSUE_REQUEST_OK)
            fail_msg("%s was taken", written.value.data);
        assert_memory_equal(&own, &other, sizeof own);
    }
    assert_in_range(taken, 1000, 100000);
    strbuf_free(&written.value);
}

static void other_forms_are_left_to_the_other(void **state)
{
    static const char *const values[] = {
        "",
        "{}",
        "{\"requestId\":\"R\",\"couponId\":1,\"userId\":1}",
        "{\"schemaVersion\":1,\"requestId\":\"R\",\"policyId\":1,\"userId\":1,"
        "\"acceptedAt\":\"2026-01-01T00:00:00.000Z\"}",
        "{\"schemaVersion\":1,\"requestId\":\"R\",\"couponId\":1,\"userId\":01,"
        "\"acceptedAt\":\"2026-01-01T00:00:00.000Z\"}",
        "{\"schemaVersion\":1,\"requestId\":\"\",\"couponId\":1,\"userId\":1,"
        "\"acceptedAt\":\"2026-01-01T00:00:00.000Z\"}",
        "{\"schemaVersion\":1,\"requestId\":\"R\",\"couponId\":1,\"userId\":1,"
        "\"acceptedAt\":\"2026-01-01T00:00:00.000Z\"} ",
        "{\"schemaVersion\":1,\"requestId\":\"R\",\"couponId\":1,\"userId\":1234567890123456789,"
        "\"acceptedAt\":\"2026-01-01T00:00:00.000Z\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct issue_request request;
        const struct issue_record record = {
            .topic = "t",
            .key = "1",
            .key_len = 1,
            .value = values[i],
            .value_len = strlen(values[i]),
        };

        if (issue_request_decode_own(&record, &request))
            fail_msg("%s was taken", values[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gateways_record_is_read),
        cmocka_unit_test(what_it_takes_the_other_reads_alike),
        cmocka_unit_test(other_forms_are_left_to_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
