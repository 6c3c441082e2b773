/* Puts issue requests into partition 0 of a topic, as fast as Kafka takes them.
 *
 *   fill_topic BROKERS TOPIC COUPON RECORDS
 *
 * Exit: 0 all are in the log, 1 some are not, 64 usage. */
#include <stdio.h>
#include <stdlib.h>
#include <librdkafka/rdkafka.h>

#include "tests/bench/bench_requests.h"

static unsigned long delivered_count;

static void delivered(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    (void)opaque;
    delivered_count += message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_t *start_producer(const char *brokers)
{
    static const char *const settings[][2] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"linger.ms", "5"},
        {"queue.buffering.max.messages", "1000000"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *producer;
    char error[256];

    CHECK(rd_kafka_conf_set(conf, "bootstrap.servers", brokers, error, sizeof error) ==
              RD_KAFKA_CONF_OK,
          "%s", error);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        CHECK(rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof error) ==
                  RD_KAFKA_CONF_OK,
              "%s", error);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    CHECK(producer, "%s", error);
    return producer;
}

int main(int argc, char **argv)
{
    struct bench_requests requests;
    struct strbuf value = STRBUF_INIT;
    unsigned long records;
    rd_kafka_t *producer;

    if (argc != 5) {
        fprintf(stderr, "usage: fill_topic BROKERS TOPIC COUPON RECORDS\n");
        return 64;
    }
    records = strtoul(argv[4], NULL, 10);
    bench_requests_start(&requests, strtoul(argv[3], NULL, 10));
    producer = start_producer(argv[1]);
    for (unsigned long i = 0; i < records; i++) {
        struct issue_request request;

        bench_requests_next(&requests, &request);
        strbuf_clear(&value);
        issue_request_encode(&request, &value);
        while (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(argv[2]), RD_KAFKA_V_PARTITION(0),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                 RD_KAFKA_V_KEY(argv[3], strlen(argv[3])),
                                 RD_KAFKA_V_VALUE(value.data, value.len),
                                 RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(producer, 100);
        rd_kafka_poll(producer, 0);
    }
    rd_kafka_flush(producer, 60000);
    rd_kafka_destroy(producer);
    strbuf_free(&value);
    printf("%lu of %lu records\n", delivered_count, records);
    return delivered_count == records ? 0 : 1;
}
