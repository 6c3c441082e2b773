/* The relay looks often while there are events, seldom while there are none, and waits longer and
 * longer while something is away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issue-worker/relay/relay_pace.h"

static void rests_grow_while_there_is_nothing(void **state)
{
    struct relay_pace pace = {0};

    (void)state;
    assert_int_equal(relay_pace_idle(&pace, 30000), 5000);
    assert_int_equal(relay_pace_idle(&pace, 30000), 10000);
    assert_int_equal(relay_pace_idle(&pace, 30000), 20000);
    assert_int_equal(relay_pace_idle(&pace, 30000), 30000);
    assert_int_equal(relay_pace_idle(&pace, 30000), 30000);
    assert_int_equal(relay_pace_published(&pace, true), 0);
    assert_int_equal(relay_pace_published(&pace, false), 5000);
    assert_int_equal(relay_pace_idle(&pace, 30000), 10000);
}

static void outages_are_waited_for_longer_and_longer(void **state)
{
    struct relay_pace pace = {0};
    int64_t longest_us = 250000;

    (void)state;
    for (int i = 0; i < 20; i++) {
        int64_t rest_us = relay_pace_failed(&pace, FAILURE_OUTAGE, (uint32_t)i * 2654435761u);

        assert_true(rest_us >= longest_us / 2 && rest_us <= longest_us);
        longest_us = 2 * longest_us < 5000000 ? 2 * longest_us : 5000000;
    }
    assert_true(relay_pace_failed(&pace, FAILURE_TRANSIENT, UINT32_MAX) <= 50000);
    relay_pace_idle(&pace, 30000);
    assert_true(relay_pace_failed(&pace, FAILURE_OUTAGE, UINT32_MAX) <= 250000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_grow_while_there_is_nothing),
        cmocka_unit_test(outages_are_waited_for_longer_and_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
