/* A member of the group whose partitions have no leader when it gets them: it asks for the ends of
 * their logs once and not for each, since the group waits meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "issue-worker/issue_consumer.h"
#include "tests/support/mock_cluster.h"

static int looks;

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

static bool read_fences(void *cookie, const int32_t *partitions, size_t count,
                        int64_t *next_offsets)
{
    (void)cookie;
    (void)partitions;
    assert_int_equal(count, MOCK_CLUSTER_PARTITIONS);
    for (size_t i = 0; i < count; i++)
        next_offsets[i] = 5;
    return true;
}

static void revoked(void *cookie)
{
    (void)cookie;
}

static void logs_without_a_leader_are_asked_for_once(void **state)
{
    const struct issue_consumer_hooks hooks = {read_fences, revoked, NULL};
    struct issue_batch *batch = issue_batch_new(1, issue_consumer_release);
    struct issue_consumer *consumer;
    struct mock_cluster mock;
    char error[256];

    (void)state;
    mock_cluster_open(&mock);
    consumer = issue_consumer_new(&mock.options, "group", ISSUE_CONSUMER_ALONE, &hooks, error,
                                  sizeof error);
    assert_non_null(consumer);
    while (!issue_consumer_joined(consumer))
        issue_consumer_collect(consumer, batch, 100, 0);
    assert_int_equal(looks, 1);
    assert_true(issue_consumer_positioned(consumer));
    issue_consumer_free(consumer);
    issue_batch_free(batch);
    mock_cluster_close(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_without_a_leader_are_asked_for_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
