/* How many consumers help: no more than are needed, and none that would have nothing to do. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "issue-worker/advice/advice_decision.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PARTITIONS 12

static struct advice decide(const struct advice_partition *partitions, size_t count,
                            size_t consumers, double capacity)
{
    const struct advice_question question = {partitions, count, consumers, capacity, 60};

    return advice_decide(&question);
}

static void alike(struct advice_partition *partitions, size_t count, int64_t lag, double in,
                  double out)
{
    for (size_t i = 0; i < count; i++)
        partitions[i] = (struct advice_partition){lag, in, out};
}

static const struct {
    const char *name;
    int64_t lag;
    double in;
    size_t consumers;
    enum advice_verdict verdict;
    size_t wanted;
    enum advice_partitions partitions;
    size_t partitions_needed;
} rows[] = {
    {"idle", 0, 0, 3, ADVICE_FEWER, 1, ADVICE_PARTITIONS_ENOUGH, 0},
    {"idle, one there", 0, 0, 1, ADVICE_KEEP, 1, ADVICE_PARTITIONS_ENOUGH, 0},
    {"nobody there", 0, 0, 0, ADVICE_MORE, 1, ADVICE_PARTITIONS_ENOUGH, 0},
    {"12 × 1000/s are one consumer's 12000/s", 0, 1000, 1, ADVICE_KEEP, 1, ADVICE_PARTITIONS_ENOUGH,
     0},
    {"12 × 1200/s are more", 0, 1200, 1, ADVICE_MORE, 2, ADVICE_PARTITIONS_ENOUGH, 0},
    {"lag counts by the time it is to be gone in", 60 * 1000, 1000, 1, ADVICE_MORE, 2,
     ADVICE_PARTITIONS_ENOUGH, 0},
    /* 4 × 3500/s are too much for one, and 5 consumers would have 3 partitions as well. */
    {"no consumer more than changes anything", 0, 3500, 3, ADVICE_MORE, 4, ADVICE_PARTITIONS_ENOUGH,
     0},
    {"five are as good as four", 0, 3500, 5, ADVICE_FEWER, 4, ADVICE_PARTITIONS_ENOUGH, 0},
    {"one each", 0, 12000, 12, ADVICE_KEEP, 12, ADVICE_PARTITIONS_ENOUGH, 0},
    {"more than one each can do", 0, 18000, 12, ADVICE_LIMIT, 12, ADVICE_PARTITIONS_MORE, 18},
};

static void load_that_is_spread_evenly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct advice_partition partitions[PARTITIONS];
        struct advice advice;

        alike(partitions, PARTITIONS, rows[i].lag, rows[i].in, rows[i].in);
        advice = decide(partitions, PARTITIONS, rows[i].consumers, 12000);
        if (advice.verdict != rows[i].verdict || advice.consumers != rows[i].wanted ||
            advice.partitions != rows[i].partitions ||
            advice.partitions_needed != rows[i].partitions_needed)
            fail_msg("%s: expected verdict %d, %zu consumers, partitions %d (%zu), saw %d, %zu, %d "
                     "(%zu)",
                     rows[i].name, rows[i].verdict, rows[i].wanted, rows[i].partitions,
                     rows[i].partitions_needed, advice.verdict, advice.consumers, advice.partitions,
                     advice.partitions_needed);
    }
}

static void one_big_sale_is_one_consumers_work(void **state)
{
    struct advice_partition partitions[PARTITIONS];
    struct advice advice;

    (void)state;
    alike(partitions, PARTITIONS, 0, 100, 100);
    partitions[7] = (struct advice_partition){600000, 20000, 12000};
    advice = decide(partitions, PARTITIONS, 2, 12000);
    assert_int_equal(advice.verdict, ADVICE_LIMIT);
    assert_int_equal(advice.hottest, 7);
    assert_true(advice.skew > 11);
    assert_int_equal(advice.partitions, ADVICE_PARTITIONS_SKEW);
    assert_int_equal(advice.partitions_needed, 0);
    /* All others together are hardly anything: a second consumer gains nothing worth a rebalance.
     */
    assert_int_equal(advice.consumers, 1);
    assert_true(isinf(advice.longest_s));
}

static void a_hot_partition_that_one_consumer_can_do_gets_one(void **state)
{
    struct advice_partition partitions[] = {{0, 3000, 3000}, {0, 3000, 3000}, {0, 11000, 11000}};
    struct advice advice = decide(partitions, COUNT(partitions), 1, 12000);

    (void)state;
    assert_int_equal(advice.verdict, ADVICE_MORE);
    assert_int_equal(advice.consumers, 2); /* 0 and 1, 2 */
    assert_int_equal(advice.partitions, ADVICE_PARTITIONS_ENOUGH);
}

static void capacity_is_seen_where_something_was_left_to_do(void **state)
{
    /* Two consumers: 0 and 1; 2. The first was busy, the second had all done. */
    struct advice_partition partitions[] = {{1000, 9000, 5000}, {0, 2000, 2000}, {0, 100, 8000}};
    struct advice advice = decide(partitions, COUNT(partitions), 2, 0);

    (void)state;
    assert_true(fabs(advice.capacity - 7000) < 0.001);
    partitions[0].lag = 0;
    advice = decide(partitions, COUNT(partitions), 2, 0);
    assert_int_equal(advice.verdict, ADVICE_UNKNOWN);
    assert_int_equal(advice.consumers, 2);
    alike(partitions, COUNT(partitions), 0, 0, 0);
    advice = decide(partitions, COUNT(partitions), 2, 0);
    assert_int_equal(advice.verdict, ADVICE_FEWER);
    assert_int_equal(advice.consumers, 1);
}

static void the_time_is_that_of_the_last_partition(void **state)
{
    struct advice_partition partitions[] = {{120000, 2000, 0}, {60000, 0, 0}};
    struct advice advice = decide(partitions, COUNT(partitions), 0, 4000);

    (void)state;
    assert_int_equal(advice.verdict, ADVICE_MORE);
    assert_int_equal(advice.consumers, 2);
    assert_true(fabs(advice.longest_s - 60) < 0.001);
}

static void partitions_are_dealt_out_as_the_range_assignor_does(void **state)
{
    const struct advice_partition partitions[] = {
        {0, 1, 0}, {0, 2, 0}, {0, 4, 0}, {0, 8, 0}, {0, 16, 0}};
    const struct advice_question question = {partitions, COUNT(partitions), 0, 0, 60};
    static const double busiest[] = {31, 24, 16, 16, 16}; /* 0-2 3-4; 0-1 2-3 4; … */

    (void)state;
    for (size_t i = 0; i < COUNT(busiest); i++) {
        double seen = advice_busiest(&question, i + 1);

        if (fabs(seen - busiest[i]) > 0.001)
            fail_msg("%zu consumers: expected %.0f, saw %.0f", i + 1, busiest[i], seen);
    }
}

static void no_partitions_no_advice(void **state)
{
    (void)state;
    assert_int_equal(decide(NULL, 0, 3, 12000).verdict, ADVICE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_that_is_spread_evenly),
        cmocka_unit_test(one_big_sale_is_one_consumers_work),
        cmocka_unit_test(a_hot_partition_that_one_consumer_can_do_gets_one),
        cmocka_unit_test(capacity_is_seen_where_something_was_left_to_do),
        cmocka_unit_test(the_time_is_that_of_the_last_partition),
        cmocka_unit_test(partitions_are_dealt_out_as_the_range_assignor_does),
        cmocka_unit_test(no_partitions_no_advice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
