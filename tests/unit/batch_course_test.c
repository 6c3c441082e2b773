/* A batch whose records are refused here and there is halved down to the bad ones: whatever is bad,
 * each record is tried after all earlier ones are done, only bad ones are set aside, each after six
 * tries by itself, and the way there is short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/batch_course.h"
#include "tests/unit/random.h"

#define RECORDS_MAX 1000

/* A server that refuses every part in which a bad record is. */
struct server {
    size_t count;
    bool bad[RECORDS_MAX];
    bool aside[RECORDS_MAX];
    size_t done; /* records committed, all of them before the others */
    unsigned int parts, tries_alone[RECORDS_MAX];
};

static bool refuses(const struct server *server, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (server->bad[i] && !server->aside[i])
            return true;
    return false;
}

static void run(struct server *server)
{
    struct batch_course course;
    bool more = true;

    batch_course_start(&course, server->count);
    while (more) {
        assert_true(course.begin < course.end && course.end <= server->count);
        if (course.begin != server->done)
            fail_msg("record %zu is tried, %zu are done", course.begin, server->done);
        server->parts++;
        if (course.end - course.begin == 1)
            server->tries_alone[course.begin]++;
        if (!refuses(server, course.begin, course.end)) {
            server->done = course.end;
            more = batch_course_done(&course);
            continue;
        }
        if (batch_course_failed(&course, FAILURE_RECORD, 0).action == FAILURE_ACTION_SET_ASIDE) {
            assert_int_equal(course.end - course.begin, 1);
            assert_true(server->bad[course.begin]);
            server->aside[course.begin] = true;
        }
    }
    assert_int_equal(server->done, server->count);
}

static void one_bad_record_is_found_wherever_it_is(void **state)
{
    static const size_t counts[] = {1, 2, 3, 7, 8, 64, 999, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (size_t bad = 0; bad < counts[i]; bad++) {
            struct server server = {.count = counts[i]};

            server.bad[bad] = true;
            run(&server);
            for (size_t k = 0; k < counts[i]; k++)
                if (server.aside[k] != (k == bad))
                    fail_msg("%zu of %zu is bad, %zu was%s set aside", bad, counts[i], k,
                             server.aside[k] ? "" : " not");
            /* Six tries, one more that sets it aside. */
            assert_int_equal(server.tries_alone[bad], FAILURE_RECORD_TRIES + 1);
            if (server.parts > 2 * 10 + FAILURE_RECORD_TRIES + 2)
                fail_msg("%zu of %zu is bad: %u attempts", bad, counts[i], server.parts);
        }
    }
}

static void any_pattern_of_bad_records_is_found(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (int turn = 0; turn < 2000; turn++) {
        struct server server = {.count = 1 + random_u64(&seed) % 40};

        for (size_t i = 0; i < server.count; i++)
            server.bad[i] = random_u64(&seed) % 4 == 0;
        run(&server);
        assert_memory_equal(server.aside, server.bad, sizeof server.bad);
    }
}

static void what_is_not_the_records_fault_splits_nothing(void **state)
{
    static const enum failure_class classes[] = {FAILURE_TRANSIENT, FAILURE_OUTAGE};
    struct batch_course course;

    (void)state;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        batch_course_start(&course, 1000);
        for (int turn = 0; turn < 100; turn++)
            batch_course_failed(&course, classes[i], 0);
        assert_false(batch_course_split(&course));
        assert_false(batch_course_done(&course));
    }
}

static void an_outage_in_between_costs_a_record_no_try(void **state)
{
    struct batch_course course;

    (void)state;
    batch_course_start(&course, 1);
    for (int try = 1; try < FAILURE_RECORD_TRIES; try++) {
        assert_int_equal(batch_course_failed(&course, FAILURE_RECORD, 0).action,
                         FAILURE_ACTION_AGAIN);
        assert_int_equal(batch_course_failed(&course, FAILURE_OUTAGE, 0).action,
                         FAILURE_ACTION_WAIT);
        assert_int_equal(batch_course_failed(&course, FAILURE_TRANSIENT, 0).action,
                         FAILURE_ACTION_AGAIN);
    }
    assert_int_equal(batch_course_failed(&course, FAILURE_RECORD, 0).action,
                     FAILURE_ACTION_SET_ASIDE);
}

static void the_tries_of_one_record_are_not_the_next_ones(void **state)
{
    struct batch_course course;

    (void)state;
    batch_course_start(&course, 2);
    assert_int_equal(batch_course_failed(&course, FAILURE_RECORD, 0).action, FAILURE_ACTION_BISECT);
    for (int try = 1; try < FAILURE_RECORD_TRIES; try++)
        batch_course_failed(&course, FAILURE_RECORD, 0);
    assert_true(batch_course_done(&course));
    assert_int_equal(course.begin, 1);
    assert_int_equal(batch_course_failed(&course, FAILURE_RECORD, 0).wait_ms, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bad_record_is_found_wherever_it_is),
        cmocka_unit_test(any_pattern_of_bad_records_is_found),
        cmocka_unit_test(what_is_not_the_records_fault_splits_nothing),
        cmocka_unit_test(an_outage_in_between_costs_a_record_no_try),
        cmocka_unit_test(the_tries_of_one_record_are_not_the_next_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
