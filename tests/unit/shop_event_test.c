/* The shop's events: what is enough, what is told in which way, and a fault for everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract/shop_event.h"

#define HEAD "\"version\":1,\"orderId\":\"O-1\",\"userId\":16,"
#define COUPON "\"couponId\":1,\"issueNo\":7,"

static enum issue_request_fault read(enum shop_event_kind kind, const char *text,
                                     struct shop_event *event)
{
    char detail[160] = "";
    enum issue_request_fault fault =
        shop_event_decode(kind, text, strlen(text), event, detail, sizeof detail);

    assert_true((fault == ISSUE_REQUEST_OK) == (detail[0] == '\0'));
    return fault;
}

static void payments_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t coupon_id;
        int64_t total, discount;
        bool differ;
    } table[] = {
        {"{" HEAD COUPON "\"totalAmount\":50000,\"discountAmount\":5000,\"finalAmount\":45000,"
         "\"items\":[{\"id\":1}]}",
         1, 50000, 5000, false},
        {"{" HEAD COUPON "\"totalAmount\":50000}", 1, 50000, -1, false},
        {"{" HEAD COUPON "\"totalAmount\":50000,\"discountAmount\":0}", 1, 50000, 0, false},
        {"{" HEAD COUPON "\"totalAmount\":50000,\"finalAmount\":45000}", 1, 50000, 5000, false},
        {"{" HEAD COUPON "\"totalAmount\":50000,\"finalAmount\":50001}", 1, 50000, -1, true},
        {"{" HEAD COUPON "\"totalAmount\":50000,\"discountAmount\":5000,\"finalAmount\":45001}", 1,
         50000, 5000, true},
        {"{" HEAD COUPON "\"totalAmount\":9223372036854775807,\"discountAmount\":"
         "9223372036854775807,\"finalAmount\":0}",
         1, INT64_MAX, INT64_MAX, false},
        {"{" HEAD "\"totalAmount\":50000,\"discountAmount\":5000,\"finalAmount\":45000}", 0, 0, -1,
         false},
        {"{" HEAD "\"couponId\":null,\"issueNo\":null,\"totalAmount\":\"free\"}", 0, 0, -1, false},
        {"{\"orderId\":\"O-1\",\"userId\":16}", 0, 0, -1, false},
        {"{\"schemaVersion\":1,\"version\":7,\"orderId\":\"O-1\",\"userId\":16}", 0, 0, -1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct shop_event event;

        if (read(SHOP_EVENT_PAYMENT_COMPLETED, table[i].text, &event) != ISSUE_REQUEST_OK)
            fail_msg("row %zu was refused", i);
        assert_string_equal(event.order_id, "O-1");
        assert_true(event.user_id == 16 && event.coupon_id == table[i].coupon_id);
        assert_int_equal(event.issue_no, table[i].coupon_id ? 7 : 0);
        assert_true(event.total_amount == table[i].total);
        assert_true(event.discount_amount == table[i].discount);
        assert_int_equal(event.amounts_differ, table[i].differ);
    }
}

static void faults_are_named(void **state)
{
    static const struct {
        const char *text;
        enum issue_request_fault fault;
    } table[] = {
        {"", ISSUE_REQUEST_EMPTY},
        {"{", ISSUE_REQUEST_NOT_JSON},
        {"[]", ISSUE_REQUEST_WRONG_SHAPE},
        {"{\"version\":2,\"orderId\":{}}", ISSUE_REQUEST_NEW_VERSION},
        {"{\"version\":\"1\",\"orderId\":\"O\",\"userId\":1}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{\"version\":0,\"orderId\":\"O\",\"userId\":1}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{\"orderId\":\"O\"}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{\"userId\":1}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{\"orderId\":\"\",\"userId\":1}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{" HEAD "\"couponId\":1,\"totalAmount\":1}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{" HEAD "\"issueNo\":1,\"totalAmount\":1}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{" HEAD "\"couponId\":1,\"issueNo\":4294967296,\"totalAmount\":1}",
         ISSUE_REQUEST_WRONG_SHAPE},
        {"{" HEAD "\"couponId\":\"1\",\"issueNo\":\"1\",\"totalAmount\":1}",
         ISSUE_REQUEST_WRONG_SHAPE},
        {"{" HEAD COUPON "\"discountAmount\":1}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{" HEAD COUPON "\"totalAmount\":0}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{" HEAD COUPON "\"totalAmount\":1.5}", ISSUE_REQUEST_WRONG_SHAPE},
        {"{" HEAD COUPON "\"totalAmount\":5,\"discountAmount\":-1}", ISSUE_REQUEST_WRONG_SHAPE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct shop_event event;
        enum issue_request_fault fault = read(SHOP_EVENT_PAYMENT_COMPLETED, table[i].text, &event);

        if (fault != table[i].fault)
            fail_msg("row %zu: %s", i, issue_request_fault_name(fault));
    }
}

static void a_cancelled_order_needs_no_coupon(void **state)
{
    struct shop_event event;

    (void)state;
    assert_int_equal(read(SHOP_EVENT_ORDER_CANCELLED,
                          "{\"version\":1,\"orderId\":1001,\"userId\":16,\"couponId\":\"x\"}",
                          &event),
                     ISSUE_REQUEST_OK);
    assert_string_equal(event.order_id, "1001");
    assert_int_equal(event.user_id, 16);
}

static void a_value_has_a_limit(void **state)
{
    char *text = malloc(SHOP_EVENT_VALUE_MAX + 1);
    struct shop_event event;
    char detail[160];
    int head = snprintf(text, 100, "{" HEAD "\"items\":\"");

    (void)state;
    memset(text + head, 'x', SHOP_EVENT_VALUE_MAX - (size_t)head + 1);
    memcpy(text + SHOP_EVENT_VALUE_MAX - 2, "\"} ", 3);
    assert_int_equal(shop_event_decode(SHOP_EVENT_ORDER_CANCELLED, text, SHOP_EVENT_VALUE_MAX,
                                       &event, detail, sizeof detail),
                     ISSUE_REQUEST_OK);
    assert_int_equal(shop_event_decode(SHOP_EVENT_ORDER_CANCELLED, text, SHOP_EVENT_VALUE_MAX + 1,
                                       &event, detail, sizeof detail),
                     ISSUE_REQUEST_TOO_LONG);
    assert_int_equal(
        shop_event_decode(SHOP_EVENT_ORDER_CANCELLED, NULL, 0, &event, detail, sizeof detail),
        ISSUE_REQUEST_EMPTY);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payments_are_read),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(a_cancelled_order_needs_no_coupon),
        cmocka_unit_test(a_value_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
