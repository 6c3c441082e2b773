/* Which status may follow which: the whole table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api-gateway/coupon_transition.h"

static void every_transition_is_as_documented(void **state)
{
    static const struct {
        enum coupon_status from, wanted;
        enum coupon_step step;
    } table[] = {
        {COUPON_DRAFT, COUPON_OPEN, COUPON_STEP_CHANGE},
        {COUPON_DRAFT, COUPON_PAUSED, COUPON_STEP_NOT_OPEN},
        {COUPON_DRAFT, COUPON_CLOSED, COUPON_STEP_CHANGE},
        {COUPON_OPEN, COUPON_OPEN, COUPON_STEP_NONE},
        {COUPON_OPEN, COUPON_PAUSED, COUPON_STEP_CHANGE},
        {COUPON_OPEN, COUPON_CLOSED, COUPON_STEP_CHANGE},
        {COUPON_PAUSED, COUPON_OPEN, COUPON_STEP_CHANGE},
        {COUPON_PAUSED, COUPON_PAUSED, COUPON_STEP_NONE},
        {COUPON_PAUSED, COUPON_CLOSED, COUPON_STEP_CHANGE},
        {COUPON_CLOSED, COUPON_OPEN, COUPON_STEP_CLOSED},
        {COUPON_CLOSED, COUPON_PAUSED, COUPON_STEP_CLOSED},
        {COUPON_CLOSED, COUPON_CLOSED, COUPON_STEP_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        enum coupon_step step = coupon_transition(table[i].from, table[i].wanted);

        if (step != table[i].step)
            fail_msg("%s to %s: expected %d, saw %d", coupon_status_name(table[i].from),
                     coupon_status_name(table[i].wanted), (int)table[i].step, (int)step);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_transition_is_as_documented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
