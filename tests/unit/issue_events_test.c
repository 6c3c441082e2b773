/* A batch's events: one for each winner in the order of the batch, then one for each coupon that is
 * sold out by it; nothing where nothing was won. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/issue_events.h"

#define NOW INT64_C(1645875102123)

static struct issue_item item_of(const char *request_id, uint64_t user_id,
                                 enum issue_outcome outcome, uint32_t issue_no)
{
    struct issue_item item = {
        .request = {.coupon_id = 7, .user_id = user_id},
        .verdict = {.kind = ISSUE_VERDICT_DECIDED,
                    .outcome = outcome,
                    .coupon_id = 7,
                    .issue_no = issue_no,
                    .expires_at_ms = NOW},
    };

    snprintf(item.request.request_id, sizeof item.request.request_id, "%s", request_id);
    return item;
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;

    for (text = strstr(text, part); text; text = strstr(text + 1, part))
        count++;
    return count;
}

static void winners_come_in_their_order_and_then_the_sold_out(void **state)
{
    struct issue_item items[] = {
        item_of("b", 16, ISSUE_OUTCOME_ISSUED, 99),
        item_of("a", 17, ISSUE_OUTCOME_ALREADY_ISSUED, 0),
        item_of("c", 18, ISSUE_OUTCOME_ISSUED, 100),
        item_of("d", 19, ISSUE_OUTCOME_ISSUED, 98), /* below the fence */
        item_of("e", 20, ISSUE_OUTCOME_SOLD_OUT, 0),
    };
    const struct issue_batch batch = {.items = items, .count = 5};
    const struct issue_sold_out sold_out = {7, 100};
    struct strbuf out = STRBUF_INIT;
    const char *first, *second, *third;

    (void)state;
    items[3].skipped = true;
    assert_int_equal(issue_events_statement(&out, &batch, &sold_out, 1, NOW), 3);
    first = strstr(out.data, "('7.99.1','7','coupon.issued','coupons/7/issued/99','{");
    second = strstr(out.data, ",('7.100.1','7','coupon.issued','coupons/7/issued/100','{");
    third = strstr(out.data, ",('7.sold-out.100','7','coupon.sold-out','coupons/7','{");
    assert_true(first && second > first && third > second);
    assert_non_null(strstr(second, "\"userId\":18,\"status\":\"ISSUED\",\"requestId\":\"c\","
                                   "\"expiresAt\":\"2022-02-26T11:31:42.123Z\"}"));
    assert_int_equal(occurrences(out.data, "('7."), 3);
    strbuf_free(&out);
}

static void without_winners_there_is_no_statement(void **state)
{
    struct issue_item item = item_of("e", 20, ISSUE_OUTCOME_SOLD_OUT, 0);
    const struct issue_batch batch = {.items = &item, .count = 1};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    assert_int_equal(issue_events_statement(&out, &batch, NULL, 0, NOW), 0);
    assert_int_equal(out.len, 0);
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(winners_come_in_their_order_and_then_the_sold_out),
        cmocka_unit_test(without_winners_there_is_no_statement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
