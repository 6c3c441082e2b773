/* A dead letter that is replayed goes to the partition where its key's records are: one of those
 * that were settled for the topic, though the topic has more by now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/kafka/kafka_partition.h"
#include "issue-worker/dlt/dlt_producer.h"
#include "tests/support/mock_cluster.h"

#define COUPONS 20
#define SETTLED (MOCK_CLUSTER_PARTITIONS - 1)

static int open_cluster(void **state)
{
    static struct mock_cluster mock;

    mock_cluster_open(&mock);
    *state = &mock;
    return 0;
}

static int close_cluster(void **state)
{
    mock_cluster_close(*state);
    return 0;
}

static struct dlt_producer *open_producer(struct mock_cluster *mock, int32_t partitions)
{
    char error[256];
    struct dlt_producer *producer =
        dlt_producer_new(&mock->options, partitions, error, sizeof error);

    if (!producer)
        fail_msg("no producer: %s", error);
    return producer;
}

/* The partition where a letter with this key went to; NULL: without a key. */
static int32_t send_letter(struct dlt_producer *producer, const char *key)
{
    const struct dlt_letter letter = {
        .key = {key, key ? strlen(key) : 0}, .value = {"{}", 2}, .timestamp_ms = -1};
    int32_t partition = -1;
    int64_t offset;
    char error[256];

    if (dlt_producer_send(producer, &letter, &partition, &offset, error, sizeof error) !=
        DLT_PRODUCED)
        fail_msg("not produced: %s", error);
    return partition;
}

static void check_spread(struct mock_cluster *mock, int32_t settled, int32_t expected)
{
    struct dlt_producer *producer = open_producer(mock, settled);
    char key[24];

    for (uint64_t coupon = 1; coupon <= COUPONS; coupon++) {
        snprintf(key, sizeof key, "%d", (int)coupon);
        assert_int_equal(send_letter(producer, key), kafka_partition_of_coupon(coupon, expected));
    }
    dlt_producer_free(producer);
}

static void added_partitions_are_not_used(void **state)
{
    check_spread(*state, SETTLED, SETTLED);
}

static void all_are_used_where_nothing_is_settled(void **state)
{
    check_spread(*state, 0, MOCK_CLUSTER_PARTITIONS);
}

static void a_record_without_a_key_goes_anywhere(void **state)
{
    struct dlt_producer *producer = open_producer(*state, SETTLED);

    assert_in_range(send_letter(producer, NULL), 0, MOCK_CLUSTER_PARTITIONS - 1);
    dlt_producer_free(producer);
}

#define IN_CLUSTER(test) cmocka_unit_test_setup_teardown(test, open_cluster, close_cluster)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CLUSTER(added_partitions_are_not_used),
        IN_CLUSTER(all_are_used_where_nothing_is_settled),
        IN_CLUSTER(a_record_without_a_key_goes_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
