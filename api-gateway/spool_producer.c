#include "api-gateway/spool_producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_partition.h"

#define POLL_MS 50

struct spool_producer {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    bool *delivered; /* of the send under way; NULL: reports don't matter any more */
    size_t open;
    bool failed;
};

static void report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct spool_producer *producer = opaque;

    (void)client;
    if (!producer->delivered)
        return;
    CHECK(producer->open > 0, "a delivery report without a message");
    producer->open--;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer->delivered[(size_t)message->_private] = true;
        return;
    }
    log_warn("spool_delivery_failed", "partition %d: %s", (int)message->partition,
             rd_kafka_err2str(message->err));
    producer->failed = true;
}

static void take_error(rd_kafka_t *client, int error, const char *reason, void *opaque)
{
    struct spool_producer *producer = opaque;

    (void)client;
    log_warn("kafka_unavailable", "%s", reason);
    if (error == RD_KAFKA_RESP_ERR__FATAL)
        producer->failed = true;
}

/* What the order rests on goes over the user's properties, which are for the other producers. */
static bool set_order(rd_kafka_conf_t *conf, char *error, size_t error_size)
{
    static const struct kafka_setting settings[] = {
        {"message.timeout.ms", "0"},
        {"max.in.flight.requests.per.connection", "1"},
        {"enable.gapless.guarantee", "true"},
        {"linger.ms", "1"},
    };

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (rd_kafka_conf_set(conf, settings[i].name, settings[i].value, error, error_size) !=
            RD_KAFKA_CONF_OK)
            return false;
    return true;
}

struct spool_producer *spool_producer_new(const struct kafka_options *options, char *error,
                                          size_t error_size)
{
    static const struct kafka_setting defaults[] = {
        {"client.id", "api-gateway-spool"},  {"request.timeout.ms", "4000"},
        {"socket.timeout.ms", "5000"},       {"reconnect.backoff.max.ms", "1000"},
        {"socket.keepalive.enable", "true"}, {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new_producer(options, defaults, error, error_size);
    struct spool_producer *producer;

    if (!conf)
        return NULL;
    producer = calloc(1, sizeof *producer);
    CHECK(producer, "out of memory");
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, report);
    rd_kafka_conf_set_error_cb(conf, take_error);
    if (!set_order(conf, error, error_size))
        goto err0;
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, error_size);
    if (!producer->client)
        goto err0;
    producer->topic = rd_kafka_topic_new(producer->client, options->topic, NULL);
    CHECK(producer->topic, "topic %s: %s", options->topic, rd_kafka_err2str(rd_kafka_last_error()));
    return producer;

err0:
    rd_kafka_conf_destroy(conf);
    free(producer);
    return NULL;
}

void spool_producer_free(struct spool_producer *producer)
{
    if (!producer)
        return;
    producer->delivered = NULL;
    rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_topic_destroy(producer->topic);
    rd_kafka_destroy(producer->client);
    free(producer);
}

bool spool_producer_reaches(struct spool_producer *producer, int32_t partitions, int timeout_ms)
{
    const struct rd_kafka_metadata *metadata;
    const struct rd_kafka_metadata_topic *topic;
    bool reached;

    rd_kafka_poll(producer->client, 0);
    if (rd_kafka_metadata(producer->client, 0, producer->topic, &metadata, timeout_ms) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    topic = metadata->topic_cnt == 1 ? &metadata->topics[0] : NULL;
    reached = topic && topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && partitions > 0 &&
              topic->partition_cnt >= partitions;
    for (int i = 0; reached && i < partitions; i++)
        reached = topic->partitions[i].leader >= 0;
    rd_kafka_metadata_destroy(metadata);
    return reached;
}

static bool produce(struct spool_producer *producer, const struct issue_request *request,
                    int32_t partition, size_t number)
{
    struct strbuf key = STRBUF_INIT;
    struct strbuf value = STRBUF_INIT;
    rd_kafka_error_t *error;

    strbuf_add_u64(&key, request->coupon_id);
    issue_request_encode(request, &value);
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = producer->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {key.data, key.len}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {value.data, value.len}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)number},
        {.vtype = RD_KAFKA_VTYPE_HEADER,
         .u.header = {TRACEPARENT_HEADER, request->traceparent, -1}},
    };
    size_t count = sizeof parts / sizeof parts[0] - (request->traceparent[0] ? 0 : 1);

    error = rd_kafka_produceva(producer->client, parts, count);
    if (error)
        log_warn("produce_refused", "%s", rd_kafka_error_string(error));
    else
        producer->open++;
    strbuf_free(&key);
    strbuf_free(&value);
    if (!error)
        return true;
    rd_kafka_error_destroy(error);
    return false;
}

static void wait_for_reports(struct spool_producer *producer, int patience_ms,
                             const atomic_bool *stopping)
{
    int64_t moved_us = clock_monotonic_us();
    size_t open = producer->open;

    while (producer->open > 0 && !producer->failed && !atomic_load(stopping)) {
        rd_kafka_poll(producer->client, POLL_MS);
        if (producer->open != open) {
            open = producer->open;
            moved_us = clock_monotonic_us();
        } else if (clock_monotonic_us() - moved_us > patience_ms * INT64_C(1000)) {
            log_warn("spool_stuck", "Kafka has confirmed none of %zu records for %d ms", open,
                     patience_ms);
            return;
        }
    }
}

bool spool_producer_send(struct spool_producer *producer, const struct spool_row *rows,
                         size_t count, int32_t partitions, bool *delivered, int patience_ms,
                         const atomic_bool *stopping)
{
    bool all = true;

    CHECK(producer->open == 0 && !producer->failed, "%zu records of another send are open",
          producer->open);
    producer->delivered = delivered;
    for (size_t i = 0; i < count; i++)
        delivered[i] = false;
    for (size_t i = 0; all && i < count; i++)
        all = produce(producer, &rows[i].request,
                      kafka_partition_of_coupon(rows[i].request.coupon_id, partitions), i);
    wait_for_reports(producer, patience_ms, stopping);
    producer->delivered = NULL;
    return all && producer->open == 0 && !producer->failed;
}
