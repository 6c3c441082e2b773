/* How far the workers are: never back, a position while it is known, a Retry-After that makes
 * sense, and rounds that end only when every partition was caught up twice after the settling time.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api-gateway/progress.h"
#include "tests/unit/random.h"

#define SETTLE_US INT64_C(30000000)
#define SECOND INT64_C(1000000)

static int new_progress(void **state)
{
    struct progress *progress = malloc(sizeof *progress);

    if (progress == NULL)
        return -1;
    progress_init(progress, SETTLE_US, 0);
    *state = progress;
    return 0;
}

static int free_progress(void **state)
{
    free(*state);
    return 0;
}

static void it_never_goes_back(void **state)
{
    struct progress *progress = *state;

    assert_int_equal(progress_next_offset(progress, 0), -1);
    assert_true(progress_hear(progress, 0, 0, false, 1));
    assert_int_equal(progress_next_offset(progress, 0), 0);
    assert_false(progress_hear(progress, 0, 0, false, 2));
    assert_true(progress_hear(progress, 0, 10, false, 3));
    assert_false(progress_hear(progress, 0, 9, true, 4));
    assert_int_equal(progress_next_offset(progress, 0), 10);
    assert_int_equal(progress_next_offset(progress, 1), -1); /* each partition for itself */
    assert_true(progress_hear(progress, 0, INT64_MAX, false, 5));
}

static void what_makes_no_sense_is_not_heard(void **state)
{
    struct progress *progress = *state;

    assert_false(progress_hear(progress, -1, 5, true, 1));
    assert_false(progress_hear(progress, PROGRESS_MAX_PARTITIONS, 5, true, 1));
    assert_false(progress_hear(progress, INT32_MAX, 5, true, 1));
    assert_false(progress_hear(progress, 0, -1, true, 1));
    assert_true(progress_hear(progress, PROGRESS_MAX_PARTITIONS - 1, 5, true, 1));
    assert_int_equal(progress_next_offset(progress, PROGRESS_MAX_PARTITIONS - 1), 5);
    assert_int_equal(progress_next_offset(progress, -1), -1);
    assert_int_equal(progress_next_offset(progress, PROGRESS_MAX_PARTITIONS), -1);
}

static void a_position_is_told_when_it_is_known(void **state)
{
    static const struct {
        int32_t partition;
        int64_t offset, expected;
    } rows[] = {
        {2, 100, 0},
        {2, 101, 1},
        {2, 99, 0},
        {2, 0, 0},
        {2, -1, -1},
        {1, 100, -1},
        {-1, -1, -1},
        {-1, 5, -1},
        {PROGRESS_MAX_PARTITIONS, 5, -1},
        {2, INT64_MAX, INT64_MAX - 100},
    };
    struct progress *progress = *state;

    progress_hear(progress, 2, 100, false, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t seen = progress_position(progress, rows[i].partition, rows[i].offset);

        if (seen != rows[i].expected)
            fail_msg("partition %" PRId32 ", offset %" PRId64 ": expected %" PRId64
                     ", saw %" PRId64,
                     rows[i].partition, rows[i].offset, rows[i].expected, seen);
    }
}

static void expect_retry(const struct progress *progress, int32_t partition, int64_t position,
                         int expected)
{
    int seen = progress_retry_after(progress, partition, position);

    if (seen != expected)
        fail_msg("position %" PRId64 ": expected %d s, saw %d s", position, expected, seen);
}

static void retry_after_is_the_time_at_the_measured_rate(void **state)
{
    struct progress *progress = *state;

    expect_retry(progress, 0, 1000000, 1); /* no rate is known */
    progress_hear(progress, 0, 0, false, SECOND);
    progress_hear(progress, 0, 1000, false, 2 * SECOND); /* 1000 records a second */
    expect_retry(progress, 0, -1, 1);
    expect_retry(progress, 0, 0, 1);
    expect_retry(progress, 0, 999, 1);
    expect_retry(progress, 0, 1000, 2);
    expect_retry(progress, 0, 28999, 29);
    expect_retry(progress, 0, 29999, 30);
    expect_retry(progress, 0, 30000, 30);
    expect_retry(progress, 0, INT64_MAX, 30);
    expect_retry(progress, 1, 30000, 1);
    expect_retry(progress, -1, 30000, 1);
    expect_retry(progress, PROGRESS_MAX_PARTITIONS, 30000, 1);
}

static void retry_after_stays_in_its_bounds(void **state)
{
    struct progress *progress = *state;
    uint64_t random = 1;
    int64_t next_offset = 0, now_us = 1;

    for (int i = 0; i < 100000; i++) {
        int seen;

        now_us += (int64_t)random_between(&random, 0, 100 * SECOND);
        next_offset += (int64_t)random_between(&random, 0, INT64_C(1) << 40);
        progress_hear(progress, 0, next_offset, false, now_us);
        seen = progress_retry_after(progress, 0, (int64_t)random_between(&random, 0, INT64_MAX));
        if (seen < 1 || seen > 30)
            fail_msg("step %d, rate %f: saw %d", i, progress->partitions[0].rate, seen);
    }
}

/* Each partition says twice that it is caught up. */
static void hear_all_twice(struct progress *progress, int32_t partitions, int64_t now_us)
{
    for (int i = 0; i < 2; i++)
        for (int32_t partition = 0; partition < partitions; partition++)
            progress_hear(progress, partition, 5, true, now_us);
}

static void a_round_needs_two_reports_of_each_partition(void **state)
{
    struct progress *progress = *state;

    progress_set_partitions(progress, 3, 0);
    for (int i = 0; i < 9; i++) {
        progress_hear(progress, 0, 5, true, SETTLE_US);
        progress_hear(progress, 1, 5, true, SETTLE_US);
        progress_hear(progress, 2, 5, false, SETTLE_US); /* not caught up */
        progress_hear(progress, 3, 5, true, SETTLE_US);  /* not one of the topic */
    }
    assert_int_equal(progress_round(progress), 0);
    progress_hear(progress, 2, 5, true, SETTLE_US);
    assert_int_equal(progress_round(progress), 0);
    progress_hear(progress, 2, 4, true, SETTLE_US); /* a report counts where nothing moves, too */
    assert_int_equal(progress_round(progress), 1);
    assert_int_equal(progress->round_began_us, SETTLE_US);
}

static void reports_before_the_settling_time_do_not_count(void **state)
{
    struct progress *progress = *state;

    progress_set_partitions(progress, 2, 0);
    hear_all_twice(progress, 2, SETTLE_US - 1);
    assert_int_equal(progress_round(progress), 0);
    progress_hear(progress, 0, 5, true, SETTLE_US);
    progress_hear(progress, 1, 5, true, SETTLE_US);
    progress_hear(progress, 0, 5, true, SETTLE_US);
    assert_int_equal(progress_round(progress), 0);
    progress_hear(progress, 1, 5, true, SETTLE_US + 7);
    assert_int_equal(progress_round(progress), 1);
    /* The next round takes its own time, and none of the reports of the last. */
    hear_all_twice(progress, 2, 2 * SETTLE_US + 6);
    assert_int_equal(progress_round(progress), 1);
    progress_hear(progress, 0, 5, true, 2 * SETTLE_US + 7);
    progress_hear(progress, 1, 5, true, 2 * SETTLE_US + 7);
    assert_int_equal(progress_round(progress), 1);
    hear_all_twice(progress, 2, 2 * SETTLE_US + 7);
    assert_int_equal(progress_round(progress), 2);
}

/* A round may end only when nothing was where no worker sees it for the whole settling time. */
static void what_may_be_elsewhere_begins_the_round_anew(void **state)
{
    struct progress *progress = *state;

    progress_set_partitions(progress, 2, 0);
    hear_all_twice(progress, 1, SETTLE_US);
    progress_unsettle(progress, SETTLE_US + 1);
    hear_all_twice(progress, 2, 2 * SETTLE_US);
    assert_int_equal(progress_round(progress), 0);
    hear_all_twice(progress, 2, 2 * SETTLE_US + 1);
    assert_int_equal(progress_round(progress), 1);
}

static void without_the_number_of_partitions_no_round_ends(void **state)
{
    struct progress *progress = *state;

    hear_all_twice(progress, 3, SETTLE_US);
    assert_int_equal(progress_round(progress), 0);
    progress_set_partitions(progress, 3, SETTLE_US + 1);
    progress_hear(progress, 0, 5, true, SETTLE_US + 2);
    assert_int_equal(progress_round(progress), 0);
}

static void more_partitions_begin_the_round_anew(void **state)
{
    struct progress *progress = *state;
    int64_t now_us = SETTLE_US;

    progress_set_partitions(progress, 2, 0);
    for (int32_t i = 0; i < 2; i++)
        progress_hear(progress, i, 5, true, now_us);
    progress_set_partitions(progress, 2, now_us); /* the same: nothing changes */
    progress_hear(progress, 0, 5, true, now_us);
    progress_hear(progress, 1, 5, true, now_us);
    assert_int_equal(progress_round(progress), 1);
    now_us += SETTLE_US;
    progress_hear(progress, 0, 5, true, now_us);
    progress_set_partitions(progress, 3, now_us);
    hear_all_twice(progress, 3, now_us + SETTLE_US - 1);
    assert_int_equal(progress_round(progress), 1);
    hear_all_twice(progress, 3, now_us + SETTLE_US);
    assert_int_equal(progress_round(progress), 2);
}

/* What can't be followed can't be settled. */
static void a_topic_with_too_many_partitions_settles_nothing(void **state)
{
    struct progress *progress = *state;

    progress_set_partitions(progress, PROGRESS_MAX_PARTITIONS + 1, 0);
    hear_all_twice(progress, PROGRESS_MAX_PARTITIONS, SETTLE_US);
    if (progress_round(progress) != 0)
        fail_msg("a round ended, and partition %d was never heard of", PROGRESS_MAX_PARTITIONS);
}

/* One worker that is heard does not speak for another one's partitions. */
static void a_partition_without_its_worker_is_silent(void **state)
{
    struct progress *progress = *state;

    assert_true(progress_is_silent(progress, SECOND, 1)); /* of how many is not known */
    progress_set_partitions(progress, 2, 0);
    progress_note_worker(progress, 0, SECOND);
    progress_note_worker(progress, 7, SECOND); /* not one of the topic */
    progress_note_worker(progress, -1, SECOND);
    progress_note_worker(progress, PROGRESS_MAX_PARTITIONS, SECOND);
    assert_true(progress_is_silent(progress, SECOND, SECOND));
    progress_hear(progress, 1, 5, false, SECOND); /* the database, say */
    assert_true(progress_is_silent(progress, SECOND, SECOND));
    progress_note_worker(progress, 1, SECOND + 5);
    assert_false(progress_is_silent(progress, SECOND, 2 * SECOND - 1));
    assert_true(progress_is_silent(progress, SECOND, 2 * SECOND));
    progress_note_worker(progress, 0, 2 * SECOND);
    assert_true(progress_is_silent(progress, SECOND, 2 * SECOND + 5));
    progress_set_partitions(progress, PROGRESS_MAX_PARTITIONS + 1, 2 * SECOND);
    assert_true(progress_is_silent(progress, SECOND, 2 * SECOND));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_progress, free_progress)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_never_goes_back),
        TEST(what_makes_no_sense_is_not_heard),
        TEST(a_position_is_told_when_it_is_known),
        TEST(retry_after_is_the_time_at_the_measured_rate),
        TEST(a_partition_without_its_worker_is_silent),
        TEST(retry_after_stays_in_its_bounds),
        TEST(a_round_needs_two_reports_of_each_partition),
        TEST(reports_before_the_settling_time_do_not_count),
        TEST(what_may_be_elsewhere_begins_the_round_anew),
        TEST(without_the_number_of_partitions_no_round_ends),
        TEST(more_partitions_begin_the_round_anew),
        TEST(a_topic_with_too_many_partitions_settles_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
