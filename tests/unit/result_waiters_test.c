/* Long-polls are woken when the workers pass their record, in order of offset; without a known
 * place now and then, while the workers move more often; and each is told exactly once how its
 * wait ended. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/result_waiters.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "tests/unit/clock_fake.h"
#include "tests/unit/loop.h"
#include "tests/unit/random.h"

#define LONG_US INT64_C(60000000)

struct poll {
    struct result_waiter waiter;
    int due, expired;
    bool again;           /* waits once more when it is due */
    struct poll *removes; /* ends this one's wait when it is told */
};

struct world {
    struct event_base *base;
    struct progress progress;
    struct result_waiters *waiters;
};

/* Who was told, in order. */
static struct poll *told[4096];
static size_t told_count;

static void tell(struct poll *poll)
{
    assert_null(poll->waiter.waiters);
    told[told_count++ % 4096] = poll;
    if (poll->removes)
        result_waiters_remove(&poll->removes->waiter);
}

static struct result_waiters *again_in;

static void due(struct result_waiter *waiter)
{
    struct poll *poll = CONTAINER_OF(waiter, struct poll, waiter);

    poll->due++;
    tell(poll);
    if (poll->again)
        result_waiters_add(again_in, waiter);
}

static void expired(struct result_waiter *waiter)
{
    struct poll *poll = CONTAINER_OF(waiter, struct poll, waiter);

    poll->expired++;
    tell(poll);
}

static int new_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    world->base = event_base_new();
    progress_init(&world->progress, 1000, 0);
    world->waiters = result_waiters_new(world->base, &world->progress);
    again_in = world->waiters;
    told_count = 0;
    *state = world;
    return 0;
}

static int free_world(void **state)
{
    struct world *world = *state;

    result_waiters_free(world->waiters);
    result_waiters_free(NULL);
    event_base_free(world->base);
    free(world);
    return 0;
}

static struct poll *add(struct world *world, struct poll *poll, int32_t partition, int64_t offset,
                        int64_t wait_us)
{
    *poll = (struct poll){
        .waiter = {.location = {partition, offset},
                   .deadline_us = clock_monotonic_us() + wait_us,
                   .due = due,
                   .expired = expired},
    };
    result_waiters_add(world->waiters, &poll->waiter);
    return poll;
}

static void move(struct world *world, int32_t partition, int64_t next_offset)
{
    assert_true(progress_hear(&world->progress, partition, next_offset, false, 1));
    result_waiters_progress(world->waiters, partition);
}

static void expect_told(const struct poll *poll, int times_due, int times_expired)
{
    if (poll->due != times_due || poll->expired != times_expired)
        fail_msg("offset %" PRId64 ": expected due %d ×, expired %d ×; saw %d, %d",
                 poll->waiter.location.offset, times_due, times_expired, poll->due, poll->expired);
}

static void they_are_due_when_the_workers_pass(void **state)
{
    struct world *world = *state;
    struct poll polls[4];

    add(world, &polls[0], 0, 10, LONG_US);
    add(world, &polls[1], 0, 11, LONG_US);
    add(world, &polls[2], 1, 10, LONG_US);
    add(world, &polls[3], PROGRESS_MAX_PARTITIONS - 1, 0, LONG_US);
    assert_int_equal(result_waiters_count(world->waiters), 4);
    move(world, 0, 10); /* all below 10 */
    expect_told(&polls[0], 0, 0);
    move(world, 0, 11);
    expect_told(&polls[0], 1, 0);
    expect_told(&polls[1], 0, 0);
    move(world, 1, 1000);
    expect_told(&polls[2], 1, 0);
    expect_told(&polls[1], 0, 0);
    move(world, 0, 12);
    expect_told(&polls[1], 1, 0);
    move(world, PROGRESS_MAX_PARTITIONS - 1, 1);
    expect_told(&polls[3], 1, 0);
    assert_int_equal(result_waiters_count(world->waiters), 0);
}

static void they_are_woken_in_order_of_their_records(void **state)
{
    static struct poll polls[1000];
    struct world *world = *state;
    uint64_t random = 1;

    for (int i = 0; i < 1000; i++)
        add(world, &polls[i], 0, (int64_t)(random_u64(&random) % 500), LONG_US);
    for (int64_t next = 50; next <= 500; next += 50) {
        size_t expected = 0;

        move(world, 0, next);
        for (int i = 0; i < 1000; i++)
            expected += polls[i].waiter.location.offset < next;
        if (told_count != expected)
            fail_msg("progress %" PRId64 ": expected %zu told, saw %zu", next, expected,
                     told_count);
    }
    for (size_t i = 1; i < 1000; i++) {
        const struct poll *before = told[i - 1];
        bool earlier = before->waiter.location.offset < told[i]->waiter.location.offset ||
                       (before->waiter.location.offset == told[i]->waiter.location.offset &&
                        before < told[i]); /* of one record, who came first */

        if (!earlier)
            fail_msg("place %zu: offset %" PRId64 " after %" PRId64, i,
                     told[i]->waiter.location.offset, before->waiter.location.offset);
    }
}

static void without_a_place_they_are_woken_while_the_workers_move(void **state)
{
    struct world *world = *state;
    struct poll polls[4];

    move(world, 0, 100);
    loop_run_ms(world->base, 120);
    add(world, &polls[0], -1, -1, LONG_US)->again = true;
    add(world, &polls[1], 0, 99, LONG_US); /* passed, and still not found */
    add(world, &polls[2], PROGRESS_MAX_PARTITIONS, 5, LONG_US);
    add(world, &polls[3], 0, 100, LONG_US);
    loop_run_ms(world->base, 120);
    assert_int_equal(told_count, 0); /* nothing moved */
    move(world, 1, 1);
    assert_int_equal(told_count, 0); /* not at each step: at the next tick */
    loop_run_ms(world->base, 120);
    expect_told(&polls[0], 1, 0);
    expect_told(&polls[1], 1, 0);
    expect_told(&polls[2], 1, 0);
    expect_told(&polls[3], 0, 0);
    loop_run_ms(world->base, 120);
    expect_told(&polls[0], 1, 0); /* once a movement */
    move(world, 1, 2);
    loop_run_ms(world->base, 120);
    expect_told(&polls[0], 2, 0);
    result_waiters_remove(&polls[0].waiter);
    result_waiters_remove(&polls[3].waiter);
}

/* A topic that was made anew begins at 0 again, which no message of progress tells. */
static void without_any_movement_they_are_woken_each_second(void **state)
{
    struct world *world = *state;
    struct poll polls[3];

    move(world, 0, 100);
    loop_run_ms(world->base, 120);
    add(world, &polls[0], 0, 0, LONG_US)->again = true;
    add(world, &polls[1], -1, -1, LONG_US);
    add(world, &polls[2], 0, 100, LONG_US);
    clock_fake_us += 999999;
    loop_run_ms(world->base, 120);
    assert_int_equal(told_count, 0);
    clock_fake_us += 1;
    loop_run_ms(world->base, 120);
    expect_told(&polls[0], 1, 0);
    expect_told(&polls[1], 1, 0);
    expect_told(&polls[2], 0, 0); /* known to lie ahead */
    clock_fake_us += 1000000;
    loop_run_ms(world->base, 120);
    expect_told(&polls[0], 2, 0);
    result_waiters_remove(&polls[0].waiter);
    result_waiters_remove(&polls[2].waiter);
}

/* A record that is passed and not found yet: the result may come a moment after the news of it. */
static void who_is_due_may_wait_on(void **state)
{
    struct world *world = *state;
    struct poll poll;

    add(world, &poll, 0, 5, LONG_US)->again = true;
    move(world, 0, 6);
    expect_told(&poll, 1, 0);
    assert_int_equal(result_waiters_count(world->waiters), 1);
    loop_run_ms(world->base, 120);
    expect_told(&poll, 2, 0);
    result_waiters_remove(&poll.waiter);
}

static void a_wait_ends_at_its_deadline(void **state)
{
    struct world *world = *state;
    struct poll polls[4];

    add(world, &polls[0], 0, 5, 100000);
    add(world, &polls[1], -1, -1, 100000);
    add(world, &polls[2], 0, 5, LONG_US);
    add(world, &polls[3], 0, 4, 0);
    assert_int_equal(told_count, 0); /* later, not from inside */
    clock_fake_us += 99999;
    loop_run_ms(world->base, 70);
    expect_told(&polls[3], 0, 1);
    expect_told(&polls[0], 0, 0);
    clock_fake_us += 1;
    loop_run_ms(world->base, 70);
    expect_told(&polls[0], 0, 1);
    expect_told(&polls[1], 0, 1);
    expect_told(&polls[2], 0, 0);
    move(world, 0, 6);
    expect_told(&polls[0], 0, 1);
    expect_told(&polls[2], 1, 0);
    assert_int_equal(result_waiters_count(world->waiters), 0);
}

static void who_is_removed_is_not_told(void **state)
{
    struct world *world = *state;
    struct poll polls[5];

    for (int i = 0; i < 4; i++)
        add(world, &polls[i], 0, 5, 60000);
    add(world, &polls[4], -1, -1, 60000);
    result_waiters_remove(&polls[0].waiter); /* the first, one in the middle, the last */
    result_waiters_remove(&polls[2].waiter);
    result_waiters_remove(&polls[3].waiter);
    result_waiters_remove(&polls[3].waiter); /* again: nothing */
    result_waiters_remove(&polls[4].waiter);
    assert_int_equal(result_waiters_count(world->waiters), 1);
    move(world, 0, 6);
    clock_fake_us += 60000;
    loop_run_ms(world->base, 120);
    assert_int_equal(told_count, 1);
    expect_told(&polls[1], 1, 0);
    result_waiters_remove(&polls[1].waiter);
    expect_told(add(world, &polls[3], 0, 9, LONG_US), 0, 0); /* it may come back */
    move(world, 0, 10);
    expect_told(&polls[3], 1, 0);
}

/* Whoever is told may take others with it, as a client that leaves takes all its polls. */
static void one_that_is_told_may_remove_others(void **state)
{
    struct world *world = *state;
    struct poll polls[6];

    add(world, &polls[0], -1, -1, LONG_US)->removes = &polls[2];
    add(world, &polls[1], -1, -1, LONG_US);
    add(world, &polls[2], -1, -1, LONG_US);
    move(world, 0, 1);
    loop_run_ms(world->base, 120);
    expect_told(&polls[0], 1, 0);
    expect_told(&polls[1], 1, 0);
    expect_told(&polls[2], 0, 0);
    add(world, &polls[2], -1, -1, LONG_US); /* the list is whole */
    add(world, &polls[3], -1, -1, 0)->removes = &polls[4];
    add(world, &polls[4], -1, -1, 0);
    add(world, &polls[5], 0, 7, 0);
    loop_run_ms(world->base, 120);
    expect_told(&polls[3], 0, 1);
    expect_told(&polls[4], 0, 0);
    expect_told(&polls[5], 0, 1);
    move(world, 0, 2);
    loop_run_ms(world->base, 120);
    expect_told(&polls[2], 1, 0);
    assert_int_equal(result_waiters_count(world->waiters), 0);
}

static void all_waits_can_be_ended(void **state)
{
    struct world *world = *state;
    struct poll polls[3];

    add(world, &polls[0], 0, 5, LONG_US);
    add(world, &polls[1], 3, 5, LONG_US);
    add(world, &polls[2], -1, -1, LONG_US);
    result_waiters_expire_all(world->waiters);
    for (int i = 0; i < 3; i++)
        expect_told(&polls[i], 0, 1);
    assert_int_equal(result_waiters_count(world->waiters), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(they_are_due_when_the_workers_pass),
        TEST(they_are_woken_in_order_of_their_records),
        TEST(without_a_place_they_are_woken_while_the_workers_move),
        TEST(without_any_movement_they_are_woken_each_second),
        TEST(who_is_due_may_wait_on),
        TEST(a_wait_ends_at_its_deadline),
        TEST(who_is_removed_is_not_told),
        TEST(one_that_is_told_may_remove_others),
        TEST(all_waits_can_be_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
