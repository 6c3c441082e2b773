/* The age of a backlog is never told too great, and is told well enough to alert on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api-gateway/backlog.h"

#define START 1700000000000

static void nothing_waits(void **state)
{
    struct backlog backlog = {0};

    (void)state;
    backlog_looked(&backlog, START, 10, 10);
    assert_int_equal(backlog.records, 0);
    assert_int_equal(backlog_oldest_ms(&backlog), 0);
}

static void a_standing_fence_ages(void **state)
{
    struct backlog backlog = {0};

    (void)state;
    for (int64_t i = 0; i < 100; i++) {
        backlog_looked(&backlog, START + 2000 * i, 11 + i, 10);
        assert_int_equal(backlog.records, 1 + i);
        assert_int_equal(backlog_oldest_ms(&backlog), START);
    }
    backlog_looked(&backlog, START + 200000, 111, 111);
    assert_int_equal(backlog_oldest_ms(&backlog), 0);
}

/* Workers that are always ten seconds behind: the age is told between 10 s and what was promised.
 */
static void a_moving_fence_keeps_its_distance(void **state)
{
    struct backlog backlog = {0};
    int64_t age_ms;

    (void)state;
    for (int64_t second = 0; second < 1000; second++) {
        backlog_looked(&backlog, START + 1000 * second, 100 * second,
                       second > 10 ? 100 * (second - 10) : 0);
        age_ms = START + 1000 * second - backlog_oldest_ms(&backlog);
        if (second > 20)
            assert_in_range(age_ms, 9000, 10000);
    }
}

/* A log that lies a long time keeps the oldest look, however many there were since. */
static void the_marks_thin_out_and_keep_the_oldest(void **state)
{
    struct backlog backlog = {0};
    int64_t late_ms;

    (void)state;
    for (int64_t i = 0; i < 10000; i++)
        backlog_looked(&backlog, START + 1000 * i, 1 + i, 0);
    assert_int_equal(backlog_oldest_ms(&backlog), START);
    backlog_looked(&backlog, START + 10000000, 10000, 5000);
    late_ms = backlog_oldest_ms(&backlog) - (START + 5000 * 1000);
    assert_in_range(late_ms, 0, 10000000 / (BACKLOG_MARKS / 2));
}

static void a_shorter_log_begins_anew(void **state)
{
    struct backlog backlog = {0};

    (void)state;
    backlog_looked(&backlog, START, 1000, 0);
    backlog_looked(&backlog, START + 5000, 3, 0);
    assert_int_equal(backlog.records, 3);
    assert_int_equal(backlog_oldest_ms(&backlog), START + 5000);
    backlog_looked(&backlog, START + 6000, 3, 1000);
    assert_int_equal(backlog.records, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_waits),
        cmocka_unit_test(a_standing_fence_ages),
        cmocka_unit_test(a_moving_fence_keeps_its_distance),
        cmocka_unit_test(the_marks_thin_out_and_keep_the_oldest),
        cmocka_unit_test(a_shorter_log_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
