/* Events become one INSERT; what a client chose stays inside its quotes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/mysql/outbox_table.h"

#define T0 INT64_C(1645875102123)
#define HEAD "INSERT INTO outbox (id,aggregateid,type,subject,payload,created_at) VALUES "

static void several_events_are_one_statement(void **state)
{
    const struct coupon_event sold_out = {
        .type = COUPON_EVENT_SOLD_OUT, .coupon_id = 7, .occurred_at_ms = T0, .total_stock = 100};
    const struct coupon_event revoked = {.type = COUPON_EVENT_REVOKED,
                                         .coupon_id = 7,
                                         .occurred_at_ms = T0,
                                         .issue_no = 3,
                                         .change_no = 2,
                                         .user_id = 9};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&out, "what was there before");
    outbox_statement_begin(&out);
    outbox_statement_add(&out, &sold_out);
    outbox_statement_add(&out, &revoked);
    assert_string_equal(
        out.data,
        HEAD "('7.sold-out.100','7','coupon.sold-out','coupons/7','{\"schemaVersion\":1,"
             "\"eventId\":\"7.sold-out.100\",\"type\":\"coupon.sold-out\","
             "\"occurredAt\":\"2022-02-26T11:31:42.123Z\",\"couponId\":7,\"totalStock\":100}',"
             "'2022-02-26 11:31:42.123'),"
             "('7.3.2','7','coupon.revoked','coupons/7/issued/3','{\"schemaVersion\":1,"
             "\"eventId\":\"7.3.2\",\"type\":\"coupon.revoked\","
             "\"occurredAt\":\"2022-02-26T11:31:42.123Z\",\"couponId\":7,\"issueNo\":3,"
             "\"changeNo\":2,\"userId\":9,\"status\":\"REVOKED\"}','2022-02-26 11:31:42.123')");
    strbuf_free(&out);
}

static void quotes_and_backslashes_are_escaped(void **state)
{
    struct coupon_event event = {.type = COUPON_EVENT_USE_CANCELLED,
                                 .coupon_id = 7,
                                 .occurred_at_ms = T0,
                                 .issue_no = 3,
                                 .change_no = 3,
                                 .user_id = 9,
                                 .order_id = "'); DROP TABLE outbox; -- \\' \""};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    outbox_statement_begin(&out);
    outbox_statement_add(&out, &event);
    assert_non_null(
        strstr(out.data, "\"orderId\":\"''); DROP TABLE outbox; -- \\\\\\\\'' \\\\\"\"}',"));
    assert_int_equal(strlen(out.data), out.len);
    memset(event.order_id, '\\', COUPON_EVENT_ORDER_ID_MAX);
    event.order_id[COUPON_EVENT_ORDER_ID_MAX] = '\0';
    outbox_statement_begin(&out);
    outbox_statement_add(&out, &event);
    assert_int_equal(strlen(out.data), out.len);
    strbuf_free(&out);
}

static void no_events_are_no_statement(void **state)
{
    struct sql_fault fault;

    (void)state;
    assert_int_equal(outbox_table_insert(NULL, NULL, 0, &fault), SQL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_events_are_one_statement),
        cmocka_unit_test(quotes_and_backslashes_are_escaped),
        cmocka_unit_test(no_events_are_no_statement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
