/* What a failed attempt leads to, by its class alone: every class, every number of tries, every
 * size of batch; waits stay in their bounds whatever the random number. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issue-worker/failure_policy.h"
#include "tests/unit/random.h"

static const char *const actions[] = {"AGAIN", "BISECT", "SET_ASIDE", "WAIT", "STOP"};

struct row {
    enum failure_class class;
    unsigned int times;
    size_t records;
    enum failure_action action;
    int min_ms, max_ms; /* of the wait, over all random numbers */
};

static const struct row rows[] = {
    /* A record by itself: five more tries, then aside in three forms, and then it is not the
       record. */
    {FAILURE_RECORD, 1, 1, FAILURE_ACTION_AGAIN, 100, 100},
    {FAILURE_RECORD, 2, 1, FAILURE_ACTION_AGAIN, 150, 150},
    {FAILURE_RECORD, 3, 1, FAILURE_ACTION_AGAIN, 225, 225},
    {FAILURE_RECORD, 4, 1, FAILURE_ACTION_AGAIN, 337, 337},
    {FAILURE_RECORD, 5, 1, FAILURE_ACTION_AGAIN, 500, 500},
    {FAILURE_RECORD, 6, 1, FAILURE_ACTION_SET_ASIDE, 0, 0},
    {FAILURE_RECORD, 7, 1, FAILURE_ACTION_SET_ASIDE, 0, 0},
    {FAILURE_RECORD, 8, 1, FAILURE_ACTION_SET_ASIDE, 0, 0},
    {FAILURE_RECORD, 9, 1, FAILURE_ACTION_WAIT, 50, 100},
    {FAILURE_RECORD, UINT_MAX, 1, FAILURE_ACTION_WAIT, 1500, 3000},
    {FAILURE_RECORD, 1, 2, FAILURE_ACTION_BISECT, 0, 0},
    {FAILURE_RECORD, 1, 1000, FAILURE_ACTION_BISECT, 0, 0},
    {FAILURE_RECORD, 9, 1000, FAILURE_ACTION_BISECT, 0, 0},
    {FAILURE_TRANSIENT, 1, 1000, FAILURE_ACTION_AGAIN, 3, 5},
    {FAILURE_TRANSIENT, 2, 1, FAILURE_ACTION_AGAIN, 5, 10},
    {FAILURE_TRANSIENT, 3, 1000, FAILURE_ACTION_AGAIN, 10, 20},
    {FAILURE_TRANSIENT, 50, 1000, FAILURE_ACTION_AGAIN, 125, 250},
    {FAILURE_TRANSIENT, UINT_MAX, 1, FAILURE_ACTION_AGAIN, 125, 250},
    {FAILURE_OUTAGE, 1, 1000, FAILURE_ACTION_WAIT, 50, 100},
    {FAILURE_OUTAGE, 2, 1000, FAILURE_ACTION_WAIT, 100, 200},
    {FAILURE_OUTAGE, 6, 1, FAILURE_ACTION_WAIT, 1500, 3000},
    {FAILURE_OUTAGE, UINT_MAX, 1, FAILURE_ACTION_WAIT, 1500, 3000},
    {FAILURE_STOP, 1, 1, FAILURE_ACTION_STOP, 0, 0},
    {FAILURE_STOP, 1, 1000, FAILURE_ACTION_STOP, 0, 0},
};

static void a_class_leads_to_its_step(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        int least = INT_MAX;
        int most = INT_MIN;

        for (int turn = 0; turn < 20000; turn++) {
            struct failure_step step = failure_policy_step(row->class, row->times, row->records,
                                                           (uint32_t)random_u64(&seed));

            if (step.action != row->action)
                fail_msg("%s, time %u, %zu records: expected %s, saw %s",
                         failure_class_name(row->class), row->times, row->records,
                         actions[row->action], actions[step.action]);
            least = step.wait_ms < least ? step.wait_ms : least;
            most = step.wait_ms > most ? step.wait_ms : most;
        }
        if (least != row->min_ms || most != row->max_ms)
            fail_msg("%s, time %u, %zu records: expected waits of %d to %d ms, saw %d to %d",
                     failure_class_name(row->class), row->times, row->records, row->min_ms,
                     row->max_ms, least, most);
    }
}

static void nothing_is_set_aside_because_a_server_was_away(void **state)
{
    (void)state;
    for (unsigned int times = 1; times < 100000; times++)
        assert_int_equal(failure_policy_step(FAILURE_OUTAGE, times, 1, times).action,
                         FAILURE_ACTION_WAIT);
}

static void a_stop_has_a_status_and_an_event(void **state)
{
    (void)state;
    assert_int_equal(failure_stop_status(FAILURE_STOP_NONE), 0);
    assert_int_equal(failure_stop_status(FAILURE_STOP_SCHEMA), 78);
    assert_int_equal(failure_stop_status(FAILURE_STOP_OFFSETS), 70);
    assert_int_equal(failure_stop_status(FAILURE_STOP_FENCED), 78);
    assert_int_equal(failure_stop_status(FAILURE_STOP_CLIENT), 70);
    assert_string_equal(failure_stop_event(FAILURE_STOP_FENCED), "fenced_instance");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_class_leads_to_its_step),
        cmocka_unit_test(nothing_is_set_aside_because_a_server_was_away),
        cmocka_unit_test(a_stop_has_a_status_and_an_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
