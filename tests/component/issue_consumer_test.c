/* A member of the group whose partitions have no leader when it gets them: it asks for the ends of
 * their logs once and not for each, since the group waits meanwhile. One whose client can't go back
 * behind a pause tries again until it is told to stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "issue-worker/issue_consumer.h"
#include "tests/support/mock_cluster.h"

#define SEEKS_UNTIL_STOP 2

struct world {
    struct mock_cluster mock;
    struct issue_consumer *consumer;
    struct issue_batch *batch;
};

static int looks;
static int seeks;
static bool told_to_stop;

rd_kafka_resp_err_t __wrap_rd_kafka_offsets_for_times(rd_kafka_t *client,
                                                      rd_kafka_topic_partition_list_t *list,
                                                      int timeout_ms);
rd_kafka_resp_err_t __wrap_rd_kafka_offsets_for_times(rd_kafka_t *client,
                                                      rd_kafka_topic_partition_list_t *list,
                                                      int timeout_ms)
{
    (void)client;
    (void)list;
    (void)timeout_ms;
    looks++;
    return RD_KAFKA_RESP_ERR__TIMED_OUT;
}

rd_kafka_error_t *__wrap_rd_kafka_seek_partitions(rd_kafka_t *client,
                                                  rd_kafka_topic_partition_list_t *list,
                                                  int timeout_ms);
rd_kafka_error_t *__wrap_rd_kafka_seek_partitions(rd_kafka_t *client,
                                                  rd_kafka_topic_partition_list_t *list,
                                                  int timeout_ms)
{
    (void)client;
    (void)list;
    (void)timeout_ms;
    if (told_to_stop)
        fail_msg("it seeks on after it was told to stop");
    told_to_stop = ++seeks == SEEKS_UNTIL_STOP;
    return rd_kafka_error_new(RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer");
}

static bool read_fences(void *cookie, const int32_t *partitions, size_t count,
                        int64_t *next_offsets)
{
    (void)cookie;
    (void)partitions;
    assert_int_equal(count, MOCK_CLUSTER_PARTITIONS);
    for (size_t i = 0; i < count; i++)
        next_offsets[i] = 0;
    return true;
}

static void revoked(void *cookie)
{
    (void)cookie;
}

static bool is_stopping(void *cookie)
{
    (void)cookie;
    return told_to_stop;
}

static int join(void **state)
{
    static const struct issue_consumer_hooks hooks = {read_fences, revoked, is_stopping, NULL};
    static struct world world;
    char error[256];

    looks = seeks = 0;
    told_to_stop = false;
    world.batch = issue_batch_new(1, issue_consumer_release);
    mock_cluster_open(&world.mock);
    world.consumer = issue_consumer_new(&world.mock.options, "group", ISSUE_CONSUMER_ALONE, &hooks,
                                        error, sizeof error);
    if (!world.consumer)
        fail_msg("no consumer: %s", error);
    while (!issue_consumer_joined(world.consumer))
        issue_consumer_collect(world.consumer, world.batch, 100, 0);
    *state = &world;
    return 0;
}

static int leave(void **state)
{
    struct world *world = *state;

    issue_consumer_free(world->consumer);
    issue_batch_free(world->batch);
    mock_cluster_close(&world->mock);
    return 0;
}

static void logs_without_a_leader_are_asked_for_once(void **state)
{
    struct world *world = *state;

    assert_int_equal(looks, 1);
    assert_true(issue_consumer_positioned(world->consumer));
}

static void a_client_that_never_goes_back_does_not_hinder_a_stop(void **state)
{
    struct world *world = *state;

    issue_consumer_pause(world->consumer);
    issue_consumer_resume(world->consumer);
    assert_int_equal(seeks, SEEKS_UNTIL_STOP);
}

#define AS_MEMBER(test) cmocka_unit_test_setup_teardown(test, join, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AS_MEMBER(logs_without_a_leader_are_asked_for_once),
        AS_MEMBER(a_client_that_never_goes_back_does_not_hinder_a_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
