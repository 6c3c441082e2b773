/* The relay's producer against a broker that errs: whatever fails, what is in the log is the rows
 * in their order from the first on, nothing left out; it never waits for longer than it was told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "api-gateway/spool_producer.h"
#include "common/kafka/kafka_partition.h"
#include "tests/support/mock_cluster.h"

#define PRODUCE_REQUEST 0 /* Kafka's ApiKey */
#define PARTITIONS 3
#define ROWS 8
#define COUPON 1
#define PATIENCE_MS 20000
#define SHORT_PATIENCE_MS 300
#define POLLS_MAX 100
#define POLL_MS 200

struct world {
    struct mock_cluster mock;
    struct spool_producer *producer;
    struct spool_row rows[ROWS];
    bool delivered[ROWS];
    atomic_bool stopping;
};

static int open_world(void **state)
{
    static struct world world;
    char error[256];

    memset(&world, 0, sizeof world);
    mock_cluster_open(&world.mock);
    mock_cluster_property(&world.mock, "batch.num.messages=1"); /* a request for each record */
    mock_cluster_property(&world.mock, "message.timeout.ms=1000");
    world.producer = spool_producer_new(&world.mock.options, error, sizeof error);
    if (!world.producer)
        fail_msg("no producer: %s", error);
    for (int i = 0; i < ROWS; i++) {
        struct issue_request *request = &world.rows[i].request;

        world.rows[i].seq = (uint64_t)i + 1;
        snprintf(request->request_id, sizeof request->request_id, "REQ-%d", i);
        request->coupon_id = COUPON;
        request->user_id = (uint64_t)i + 1;
        request->accepted_at_ms = 1700000000000;
    }
    *state = &world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;

    spool_producer_free(world->producer);
    mock_cluster_close(&world->mock);
    return 0;
}

static bool send_rows(struct world *world, int patience_ms)
{
    return spool_producer_send(world->producer, world->rows, ROWS, PARTITIONS, world->delivered,
                               patience_ms, &world->stopping);
}

static rd_kafka_t *open_reader(struct world *world)
{
    rd_kafka_topic_partition_list_t *from = rd_kafka_topic_partition_list_new(1);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char error[256];
    rd_kafka_t *reader;

    rd_kafka_conf_set(conf, "bootstrap.servers", world->mock.options.brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "reader", NULL, 0);
    rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0);
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", NULL, 0);
    reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!reader)
        fail_msg("no reader: %s", error);
    rd_kafka_poll_set_consumer(reader);
    rd_kafka_topic_partition_list_add(from, world->mock.options.topic,
                                      kafka_partition_of_coupon(COUPON, PARTITIONS))
        ->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(reader, from);
    rd_kafka_topic_partition_list_destroy(from);
    return reader;
}

/* The number of the request, "…REQ-5…". */
static int number_of(const rd_kafka_message_t *message)
{
    const char *at = memmem(message->payload, message->len, "REQ-", 4);

    return at ? at[4] - '0' : -1;
}

/* How many requests are in the log; it is a failure when their first records are not 0, 1, 2, …. */
static int requests_in_order(struct world *world)
{
    rd_kafka_t *reader = open_reader(world);
    rd_kafka_message_t *message;
    bool ended = false;
    int count = 0;

    for (int polls = 0; !ended && polls < POLLS_MAX; polls++) {
        message = rd_kafka_consumer_poll(reader, POLL_MS);
        if (!message)
            continue;
        ended = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (!message->err && number_of(message) > count)
            fail_msg("expected request %d or one before it, saw %d", count, number_of(message));
        if (!message->err && number_of(message) == count)
            count++;
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    assert_true(ended);
    return count;
}

static int count_delivered(const struct world *world)
{
    int count = 0;

    for (int i = 0; i < ROWS; i++)
        count += world->delivered[i];
    return count;
}

static void all_are_delivered_in_order(void **state)
{
    struct world *world = *state;

    assert_true(spool_producer_reaches(world->producer, PARTITIONS, PATIENCE_MS));
    assert_true(send_rows(world, PATIENCE_MS));
    assert_int_equal(count_delivered(world), ROWS);
    assert_int_equal(requests_in_order(world), ROWS);
}

static void transient_errors_keep_the_order(void **state)
{
    struct world *world = *state;

    rd_kafka_mock_push_request_errors(
        world->mock.cluster, PRODUCE_REQUEST, 4, RD_KAFKA_RESP_ERR_NO_ERROR,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    assert_true(send_rows(world, PATIENCE_MS));
    assert_int_equal(count_delivered(world), ROWS);
    assert_int_equal(requests_in_order(world), ROWS);
}

/* The third record can't be written: none behind it takes its place, and the rest goes another
 * time. */
static void a_failure_leaves_no_gap(void **state)
{
    struct world *world = *state;
    char error[256];
    int written;

    rd_kafka_mock_push_request_errors(world->mock.cluster, PRODUCE_REQUEST, 3,
                                      RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_NO_ERROR,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_false(send_rows(world, PATIENCE_MS));
    written = requests_in_order(world);
    print_message("%d of %d are in the log, %d confirmed\n", written, ROWS, count_delivered(world));
    assert_true(written < ROWS && count_delivered(world) <= written);
    spool_producer_free(world->producer);
    world->producer = spool_producer_new(&world->mock.options, error, sizeof error);
    assert_non_null(world->producer);
    assert_true(send_rows(world, PATIENCE_MS));
    assert_int_equal(requests_in_order(world), ROWS);
}

/* The message.timeout.ms that the user set, 1 s, is not for the relay: a record that expires is a
 * gap, and the eighth waits for seven others, each 0.7 s under way. */
static void a_record_does_not_expire(void **state)
{
    struct world *world = *state;

    rd_kafka_mock_broker_set_rtt(world->mock.cluster, 1, 700);
    assert_true(send_rows(world, PATIENCE_MS));
    rd_kafka_mock_broker_set_rtt(world->mock.cluster, 1, -1);
    assert_int_equal(requests_in_order(world), ROWS);
}

static void without_a_broker_it_gives_up(void **state)
{
    struct world *world = *state;

    assert_true(spool_producer_reaches(world->producer, PARTITIONS, PATIENCE_MS));
    rd_kafka_mock_broker_set_down(world->mock.cluster, 1);
    assert_false(spool_producer_reaches(world->producer, PARTITIONS, SHORT_PATIENCE_MS));
    assert_false(send_rows(world, SHORT_PATIENCE_MS));
    assert_int_equal(count_delivered(world), 0);
}

static void it_stops_when_told(void **state)
{
    struct world *world = *state;

    rd_kafka_mock_broker_set_down(world->mock.cluster, 1);
    atomic_store(&world->stopping, true);
    assert_false(send_rows(world, 1000 * PATIENCE_MS));
    assert_int_equal(count_delivered(world), 0);
}

static void without_the_topic_nothing_is_reached(void **state)
{
    struct world *world = *state;
    struct kafka_options options = world->mock.options;
    char error[256];

    spool_producer_free(world->producer);
    options.topic = "missing";
    rd_kafka_mock_topic_set_error(world->mock.cluster, "missing",
                                  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    world->producer = spool_producer_new(&options, error, sizeof error);
    assert_non_null(world->producer);
    assert_false(spool_producer_reaches(world->producer, PARTITIONS, 10 * SHORT_PATIENCE_MS));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(all_are_delivered_in_order),
        IN_WORLD(transient_errors_keep_the_order),
        IN_WORLD(a_failure_leaves_no_gap),
        IN_WORLD(a_record_does_not_expire),
        IN_WORLD(without_a_broker_it_gives_up),
        IN_WORLD(it_stops_when_told),
        IN_WORLD(without_the_topic_nothing_is_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
