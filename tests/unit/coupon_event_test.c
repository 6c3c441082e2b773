/* An event's bytes are what deploy/events promises, integers exact; what is written can be read,
 * and what is wrong is refused with the name of the member. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/timestamp.h"
#include "common/contract/coupon_event.h"
#include "tests/unit/random.h"

#define T0 INT64_C(1645875102123)
#define T0_TEXT "\"2022-02-26T11:31:42.123Z\""

static const struct {
    struct coupon_event event;
    const char *id;
    const char *subject;
    const char *json;
} rows[] = {
    {{.type = COUPON_EVENT_ISSUED,
      .coupon_id = 1,
      .occurred_at_ms = T0,
      .issue_no = 42,
      .change_no = 1,
      .user_id = 16,
      .request_id = "REQ-1",
      .expires_at_ms = T0 + 877},
     "1.42.1",
     "coupons/1/issued/42",
     "{\"schemaVersion\":1,\"eventId\":\"1.42.1\",\"type\":\"coupon.issued\","
     "\"occurredAt\":" T0_TEXT
     ",\"couponId\":1,\"issueNo\":42,\"changeNo\":1,\"userId\":16,\"status\":\"ISSUED\","
     "\"requestId\":\"REQ-1\",\"expiresAt\":\"2022-02-26T11:31:43.000Z\"}"},
    {{.type = COUPON_EVENT_ISSUED,
      .coupon_id = INT64_MAX,
      .occurred_at_ms = TIMESTAMP_MAX_MS,
      .issue_no = UINT32_MAX,
      .change_no = 1,
      .user_id = INT64_MAX,
      .request_id = "a",
      .expires_at_ms = COUPON_NEVER_MS},
     "9223372036854775807.4294967295.1",
     "coupons/9223372036854775807/issued/4294967295",
     "{\"schemaVersion\":1,\"eventId\":\"9223372036854775807.4294967295.1\","
     "\"type\":\"coupon.issued\",\"occurredAt\":\"9999-12-31T23:59:59.999Z\","
     "\"couponId\":9223372036854775807,\"issueNo\":4294967295,\"changeNo\":1,"
     "\"userId\":9223372036854775807,\"status\":\"ISSUED\",\"requestId\":\"a\","
     "\"expiresAt\":null}"},
    {{.type = COUPON_EVENT_SOLD_OUT, .coupon_id = 1, .occurred_at_ms = T0, .total_stock = 100},
     "1.sold-out.100",
     "coupons/1",
     "{\"schemaVersion\":1,\"eventId\":\"1.sold-out.100\",\"type\":\"coupon.sold-out\","
     "\"occurredAt\":" T0_TEXT ",\"couponId\":1,\"totalStock\":100}"},
    {{.type = COUPON_EVENT_USED,
      .coupon_id = 1,
      .occurred_at_ms = T0,
      .issue_no = 42,
      .change_no = 2,
      .user_id = 16,
      .order_id = "O'\"\\\xEC\xA3\xBC",
      .order_amount = INT64_MAX,
      .discount_amount = 5000,
      .final_amount = INT64_MAX - 5000},
     "1.42.2",
     "coupons/1/issued/42",
     "{\"schemaVersion\":1,\"eventId\":\"1.42.2\",\"type\":\"coupon.used\",\"occurredAt\":" T0_TEXT
     ",\"couponId\":1,\"issueNo\":42,\"changeNo\":2,\"userId\":16,\"status\":\"USED\","
     "\"orderId\":\"O'\\\"\\\\\xEC\xA3\xBC\",\"orderAmount\":9223372036854775807,"
     "\"discountAmount\":5000,\"finalAmount\":9223372036854770807}"},
    {{.type = COUPON_EVENT_USE_CANCELLED,
      .coupon_id = 1,
      .occurred_at_ms = T0,
      .issue_no = 42,
      .change_no = 3,
      .user_id = 16,
      .order_id = "7"},
     "1.42.3",
     "coupons/1/issued/42",
     "{\"schemaVersion\":1,\"eventId\":\"1.42.3\",\"type\":\"coupon.use-cancelled\","
     "\"occurredAt\":" T0_TEXT ",\"couponId\":1,\"issueNo\":42,\"changeNo\":3,\"userId\":16,"
     "\"status\":\"ISSUED\",\"orderId\":\"7\"}"},
    {{.type = COUPON_EVENT_USE_CANCELLED,
      .coupon_id = 1,
      .occurred_at_ms = T0,
      .issue_no = 42,
      .change_no = 3,
      .user_id = 16,
      .order_id = "7",
      .expired = true},
     "1.42.3",
     "coupons/1/issued/42",
     "{\"schemaVersion\":1,\"eventId\":\"1.42.3\",\"type\":\"coupon.use-cancelled\","
     "\"occurredAt\":" T0_TEXT ",\"couponId\":1,\"issueNo\":42,\"changeNo\":3,\"userId\":16,"
     "\"status\":\"EXPIRED\",\"orderId\":\"7\"}"},
    {{.type = COUPON_EVENT_EXPIRED,
      .coupon_id = 1,
      .occurred_at_ms = T0,
      .issue_no = 42,
      .change_no = 4,
      .user_id = 16},
     "1.42.4",
     "coupons/1/issued/42",
     "{\"schemaVersion\":1,\"eventId\":\"1.42.4\",\"type\":\"coupon.expired\","
     "\"occurredAt\":" T0_TEXT
     ",\"couponId\":1,\"issueNo\":42,\"changeNo\":4,\"userId\":16,\"status\":\"EXPIRED\"}"},
    {{.type = COUPON_EVENT_REVOKED,
      .coupon_id = 1,
      .occurred_at_ms = T0,
      .issue_no = 42,
      .change_no = 2,
      .user_id = 16},
     "1.42.2",
     "coupons/1/issued/42",
     "{\"schemaVersion\":1,\"eventId\":\"1.42.2\",\"type\":\"coupon.revoked\","
     "\"occurredAt\":" T0_TEXT
     ",\"couponId\":1,\"issueNo\":42,\"changeNo\":2,\"userId\":16,\"status\":\"REVOKED\"}"},
};

static void expect_read(const char *bytes, size_t len, const struct coupon_event *expected)
{
    struct coupon_event event;
    char error[128] = "";

    if (!coupon_event_decode(bytes, len, &event, error, sizeof error))
        fail_msg("%.*s: %s", (int)len, bytes, error);
    assert_memory_equal(&event, expected, sizeof event);
}

static void an_event_is_written_as_promised_and_can_be_read(void **state)
{
    struct strbuf out = STRBUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        strbuf_clear(&out);
        coupon_event_encode(&rows[i].event, &out);
        assert_string_equal(out.data, rows[i].json);
        expect_read(out.data, out.len, &rows[i].event);
        strbuf_clear(&out);
        coupon_event_add_id(&rows[i].event, &out);
        assert_string_equal(out.data, rows[i].id);
        assert_true(out.len < COUPON_EVENT_ID_SIZE);
        strbuf_clear(&out);
        coupon_event_add_subject(&rows[i].event, &out);
        assert_string_equal(out.data, rows[i].subject);
    }
    strbuf_free(&out);
}

static void random_user_coupon(uint64_t *random, struct coupon_event *event)
{
    event->issue_no = (uint32_t)random_between(random, 1, UINT32_MAX);
    event->change_no =
        event->type == COUPON_EVENT_ISSUED ? 1 : (uint32_t)random_between(random, 2, UINT32_MAX);
    event->user_id = random_between(random, 1, INT64_MAX);
    if (event->type == COUPON_EVENT_ISSUED) {
        snprintf(event->request_id, sizeof event->request_id, "Az09._-");
        event->expires_at_ms = (int64_t)random_between(random, 0, TIMESTAMP_MAX_MS);
    }
    if (event->type == COUPON_EVENT_USED || event->type == COUPON_EVENT_USE_CANCELLED)
        memset(event->order_id, random_byte(random, "a'\"\\\n\x01", 6),
               random_between(random, 1, COUPON_EVENT_ORDER_ID_MAX));
    if (event->type == COUPON_EVENT_USED) {
        event->order_amount = (int64_t)random_between(random, 0, INT64_MAX);
        event->discount_amount = (int64_t)random_between(random, 0, INT64_MAX);
        event->final_amount = (int64_t)random_between(random, 0, INT64_MAX);
    }
    if (event->type == COUPON_EVENT_USE_CANCELLED)
        event->expired = random_u64(random) % 2;
}

static void any_event_can_be_read(void **state)
{
    uint64_t random = 1;
    struct strbuf out = STRBUF_INIT;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct coupon_event event;

        memset(&event, 0, sizeof event);
        event.type = (enum coupon_event_type)random_between(&random, COUPON_EVENT_ISSUED,
                                                            COUPON_EVENT_REVOKED);
        event.coupon_id = random_between(&random, 1, INT64_MAX);
        event.occurred_at_ms = (int64_t)random_between(&random, 1, TIMESTAMP_MAX_MS);
        if (event.type == COUPON_EVENT_SOLD_OUT)
            event.total_stock = (uint32_t)random_between(&random, 1, UINT32_MAX);
        else
            random_user_coupon(&random, &event);
        strbuf_clear(&out);
        coupon_event_encode(&event, &out);
        expect_read(out.data, out.len, &event);
    }
    strbuf_free(&out);
}

#define EXPIRED_HEAD "{\"eventId\":\"1.2.3\",\"type\":\"coupon.expired\",\"schemaVersion\":"
#define EXPIRED_TAIL                                                                               \
    ",\"occurredAt\":" T0_TEXT ",\"couponId\":1,\"issueNo\":2,\"changeNo\":3,\"userId\":4"

static void what_is_added_later_is_passed_over(void **state)
{
    static const char newer[] =
        EXPIRED_HEAD "2" EXPIRED_TAIL
                     ",\"status\":\"EXPIRED\",\"channel\":{\"name\":\"app\"},\"tags\":[1,null]}";
    static const char other[] = "{\"schemaVersion\":1,\"type\":\"coupon.gifted\",\"couponId\":[]}";
    static const struct coupon_event expected = {
        .type = COUPON_EVENT_EXPIRED,
        .coupon_id = 1,
        .occurred_at_ms = T0,
        .issue_no = 2,
        .change_no = 3,
        .user_id = 4,
    };
    struct coupon_event event;
    char error[128];

    (void)state;
    expect_read(newer, sizeof newer - 1, &expected);
    assert_true(coupon_event_decode(other, sizeof other - 1, &event, error, sizeof error));
    assert_int_equal(event.type, 0);
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *json;
        const char *error;
    } wrong[] = {
        {"", "it is empty"},
        {"[]", "it is an array"},
        {"{}", "schemaVersion is missing or not as it should be"},
        {EXPIRED_HEAD "0" EXPIRED_TAIL ",\"status\":\"EXPIRED\"}",
         "schemaVersion is missing or not as it should be"},
        {EXPIRED_HEAD "1" EXPIRED_TAIL "}", "status is missing or not as it should be"},
        {EXPIRED_HEAD "1" EXPIRED_TAIL ",\"status\":\"USED\"}",
         "status is missing or not as it should be"},
        {"{\"schemaVersion\":1}", "type is missing or not as it should be"},
        {"{\"schemaVersion\":1,\"type\":\"coupon.sold-out\",\"occurredAt\":" T0_TEXT
         ",\"couponId\":9223372036854775808,\"totalStock\":1}",
         "a number is out of range"},
        {"{\"schemaVersion\":1,\"type\":\"coupon.sold-out\",\"occurredAt\":" T0_TEXT
         ",\"couponId\":1.0,\"totalStock\":1}",
         "couponId is missing or not as it should be"},
        {"{\"schemaVersion\":1,\"type\":\"coupon.sold-out\",\"occurredAt\":\"today\","
         "\"couponId\":1,\"totalStock\":1}",
         "occurredAt is missing or not as it should be"},
        {"{\"schemaVersion\":1,\"type\":\"coupon.sold-out\",\"occurredAt\":" T0_TEXT
         ",\"couponId\":1,\"totalStock\":4294967296}",
         "totalStock is missing or not as it should be"},
        {"{\"schemaVersion\":1,\"type\":\"coupon.issued\",\"occurredAt\":" T0_TEXT
         ",\"couponId\":1,\"issueNo\":2,\"changeNo\":2,\"userId\":4,\"status\":\"ISSUED\","
         "\"requestId\":\"a\",\"expiresAt\":null}",
         "changeNo is missing or not as it should be"},
        {"{\"schemaVersion\":1,\"type\":\"coupon.issued\",\"occurredAt\":" T0_TEXT
         ",\"couponId\":1,\"issueNo\":2,\"changeNo\":1,\"userId\":4,\"status\":\"ISSUED\","
         "\"requestId\":\"a b\",\"expiresAt\":null}",
         "requestId is missing or not as it should be"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct coupon_event event;
        char error[128] = "";

        assert_false(
            coupon_event_decode(wrong[i].json, strlen(wrong[i].json), &event, error, sizeof error));
        if (strncmp(error, wrong[i].error, strlen(wrong[i].error)) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", wrong[i].json, error, wrong[i].error);
    }
}

static void types_have_names(void **state)
{
    enum coupon_event_type type;

    (void)state;
    for (int i = COUPON_EVENT_ISSUED; i <= COUPON_EVENT_REVOKED; i++) {
        const char *name = coupon_event_type_name((enum coupon_event_type)i);

        assert_true(coupon_event_type_parse(name, strlen(name), &type));
        assert_int_equal(type, i);
        assert_false(coupon_event_type_parse(name, strlen(name) - 1, &type));
    }
    assert_false(coupon_event_type_parse("", 0, &type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_written_as_promised_and_can_be_read),
        cmocka_unit_test(any_event_can_be_read),
        cmocka_unit_test(what_is_added_later_is_passed_over),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(types_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
