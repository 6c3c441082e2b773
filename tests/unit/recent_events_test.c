/* An event that comes again is known as long as it is among the last ones; the oldest goes first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issue-worker/events/recent_events.h"
#include "issue-worker/events/webhook_outcome.h"

static struct coupon_event event_of(uint32_t issue_no, uint32_t change_no)
{
    return (struct coupon_event){.coupon_id = 7, .issue_no = issue_no, .change_no = change_no};
}

static bool has(const struct recent_events *events, uint32_t issue_no, uint32_t change_no)
{
    struct coupon_event event = event_of(issue_no, change_no);

    return recent_events_has(events, &event);
}

static void add(struct recent_events *events, uint32_t issue_no, uint32_t change_no)
{
    struct coupon_event event = event_of(issue_no, change_no);

    recent_events_add(events, &event);
}

static void the_last_ones_are_known(void **state)
{
    struct recent_events *events = recent_events_new(3);

    (void)state;
    assert_false(has(events, 1, 1));
    for (uint32_t i = 1; i <= 1000; i++) {
        add(events, i, 1);
        add(events, i, 1);
        assert_true(has(events, i, 1));
        assert_false(has(events, i, 2));
        assert_int_equal(has(events, i - 2, 1), i > 2);
        assert_false(i > 3 && has(events, i - 3, 1));
    }
    recent_events_free(events);
}

static void answers_of_a_webhook_have_a_meaning(void **state)
{
    static const struct {
        long status;
        enum webhook_outcome outcome;
    } rows[] = {
        {0, WEBHOOK_AGAIN},       {200, WEBHOOK_DELIVERED}, {204, WEBHOOK_DELIVERED},
        {299, WEBHOOK_DELIVERED}, {301, WEBHOOK_REFUSED},   {400, WEBHOOK_REFUSED},
        {404, WEBHOOK_REFUSED},   {408, WEBHOOK_AGAIN},     {425, WEBHOOK_AGAIN},
        {429, WEBHOOK_AGAIN},     {500, WEBHOOK_AGAIN},     {503, WEBHOOK_AGAIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(webhook_outcome(rows[i].status), rows[i].outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_ones_are_known),
        cmocka_unit_test(answers_of_a_webhook_have_a_meaning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
