/* The dead-letter topic against a broker that errs: a letter is written only when the broker
 * confirmed it, whatever is wrong is told and goes away again, a producer that turned fatal is
 * replaced, and a letter has its record's headers and each of ours once. */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "issue-worker/dead_letter.h"
#include "tests/support/mock_cluster.h"

#define PRODUCE_REQUEST 0 /* Kafka's ApiKey */
#define PARTITION 1
#define GOOD "{\"requestId\":\"REQ-1\",\"couponId\":1,\"userId\":16}"

struct world {
    struct mock_cluster mock;
    rd_kafka_t *readers[2]; /* they must outlive what they have read */
    size_t reader_count;
    struct dead_letter *letters;
    struct issue_batch *batch; /* one record that was refused */
    int waited;
    char text[512];
};

static void waiting(void *cookie)
{
    ((struct world *)cookie)->waited++;
}

static void release(void *message)
{
    rd_kafka_message_destroy(message);
}

static rd_kafka_t *new_client(const struct world *world, rd_kafka_type_t type)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *client;

    rd_kafka_conf_set(conf, "bootstrap.servers", world->mock.options.brokers, error, sizeof error);
    rd_kafka_conf_set(conf, "group.id", "reader", error, sizeof error);
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", error, sizeof error);
    client = rd_kafka_new(type, conf, error, sizeof error);
    if (!client)
        fail_msg("no client: %s", error);
    return client;
}

/* A record of requests with headers, of which one is left of an earlier death. */
static void write_record(struct world *world)
{
    rd_kafka_t *writer = new_client(world, RD_KAFKA_PRODUCER);

    assert_int_equal(rd_kafka_producev(writer, RD_KAFKA_V_TOPIC("requests"),
                                       RD_KAFKA_V_PARTITION(PARTITION), RD_KAFKA_V_KEY("1", 1),
                                       RD_KAFKA_V_VALUE((void *)(uintptr_t)GOOD, strlen(GOOD)),
                                       RD_KAFKA_V_HEADER("trace", "abc", 3),
                                       RD_KAFKA_V_HEADER("kafka_dlt-original-offset", "old", 3),
                                       RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_flush(writer, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(writer);
}

/* The record at an offset of a topic's partition. */
static rd_kafka_message_t *read_record(struct world *world, const char *topic, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_message_t *message = NULL;
    rd_kafka_t *reader = new_client(world, RD_KAFKA_CONSUMER);

    rd_kafka_topic_partition_list_add(list, topic, PARTITION)->offset = offset;
    rd_kafka_assign(reader, list);
    for (int turns = 0; turns < 100 && (!message || message->err); turns++) {
        if (message)
            rd_kafka_message_destroy(message);
        message = rd_kafka_consumer_poll(reader, 100);
    }
    rd_kafka_topic_partition_list_destroy(list);
    assert_non_null(message);
    world->readers[world->reader_count++] = reader;
    return message;
}

static int open_world(void **state)
{
    static struct world world;
    struct issue_record record = {.topic = "requests", .partition = PARTITION};
    rd_kafka_message_t *message;
    char error[256];

    world = (struct world){.batch = issue_batch_new(1, release)};
    mock_cluster_open(&world.mock);
    mock_cluster_property(&world.mock, "message.timeout.ms=1500");
    mock_cluster_property(&world.mock, "request.timeout.ms=1000");
    mock_cluster_property(&world.mock, "socket.timeout.ms=2000");
    write_record(&world);
    message = read_record(&world, "requests", 0);
    record.timestamp_ms = rd_kafka_message_timestamp(message, NULL);
    record.key = message->key;
    record.key_len = message->key_len;
    record.value = message->payload;
    record.value_len = message->len;
    issue_batch_add(world.batch, &record, message, true);
    issue_item_set_aside(&world.batch->items[0], 1, 6, "error 1644: not this one");
    world.batch->items[0].verdict.kind = ISSUE_VERDICT_FAULTY;
    world.letters = dead_letter_new(&world.mock.options, "group", error, sizeof error);
    if (!world.letters)
        fail_msg("no producer: %s", error);
    *state = &world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;

    dead_letter_free(world->letters);
    issue_batch_free(world->batch);
    for (size_t i = 0; i < world->reader_count; i++)
        rd_kafka_destroy(world->readers[i]);
    mock_cluster_close(&world->mock);
    return 0;
}

static bool send_letter(struct world *world)
{
    return dead_letter_send(world->letters, world->batch, waiting, world, world->text,
                            sizeof world->text);
}

static size_t count_headers(rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size;
    size_t count = 0;

    while (rd_kafka_header_get(headers, count, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        count++;
    return count;
}

static void a_letter_has_its_records_bytes_and_our_headers_once(void **state)
{
    struct world *world = *state;
    uint64_t offset = 0;
    uint32_t retries = htobe32(5);
    rd_kafka_message_t *letter;
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;

    assert_true(send_letter(world));
    letter = read_record(world, "requests.DLT", 0);
    assert_int_equal(letter->len, strlen(GOOD));
    assert_memory_equal(letter->payload, GOOD, letter->len);
    assert_int_equal(rd_kafka_message_headers(letter, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_header_get_last(headers, "trace", &value, &size), 0);
    assert_memory_equal(value, "abc", 3);
    assert_int_equal(count_headers(headers, "kafka_dlt-original-offset"), 1);
    assert_int_equal(rd_kafka_header_get_last(headers, "kafka_dlt-original-offset", &value, &size),
                     0);
    assert_int_equal(size, sizeof offset);
    assert_memory_equal(value, &offset, sizeof offset);
    assert_int_equal(rd_kafka_header_get_last(headers, "kafka_dlt-exception-fqcn", &value, &size),
                     0);
    assert_memory_equal(value, "REFUSED", size);
    assert_int_equal(rd_kafka_header_get_last(headers, "kafka_dlt-retry-count", &value, &size), 0);
    assert_int_equal(size, sizeof retries);
    assert_memory_equal(value, &retries, sizeof retries);
    rd_kafka_message_destroy(letter);
}

static void what_the_topic_refuses_is_told_and_goes_away(void **state)
{
    struct world *world = *state;

    rd_kafka_mock_push_request_errors(world->mock.cluster, PRODUCE_REQUEST, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_false(send_letter(world));
    assert_non_null(strstr(world->text, "requests.DLT did not take a record"));
    assert_non_null(strstr(world->text, "max.message.bytes"));
    assert_true(send_letter(world));
}

static void a_broker_that_is_away_is_waited_for(void **state)
{
    struct world *world = *state;

    rd_kafka_mock_broker_set_down(world->mock.cluster, 1);
    assert_false(send_letter(world));
    assert_true(world->waited > 0);
    rd_kafka_mock_broker_set_up(world->mock.cluster, 1);
    for (int sends = 0; !send_letter(world); sends++)
        if (sends == 20)
            fail_msg("still not taken: %s", world->text);
}

static void a_fatal_producer_is_replaced(void **state)
{
    struct world *world = *state;

    assert_true(send_letter(world));
    rd_kafka_mock_push_request_errors(world->mock.cluster, PRODUCE_REQUEST, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_false(send_letter(world));
    /* The error may be told as fatal only a moment later. */
    for (int sends = 0; !send_letter(world); sends++)
        if (sends == 20)
            fail_msg("still not taken: %s", world->text);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_letter_has_its_records_bytes_and_our_headers_once),
        IN_WORLD(what_the_topic_refuses_is_told_and_goes_away),
        IN_WORLD(a_broker_that_is_away_is_waited_for),
        IN_WORLD(a_fatal_producer_is_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
