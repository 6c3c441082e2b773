#include "issue-worker/relay/outbox_producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/timestamp.h"
#include "common/contract/coupon_event.h"
#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_fault.h"

#define STEP_MS 500
#define PATIENCE_US 6000000 /* less than the lease: who is stuck lets go by himself */

struct outbox_producer {
    rd_kafka_t *client;
    const char *topic;
};

static bool is_fenced(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

/* Always false; what goes wrong with a producer is mended by a new one, unless nothing is. */
static bool fail(struct outbox_fault *fault, rd_kafka_resp_err_t code, const char *what,
                 const char *text)
{
    enum failure_class class = kafka_fault_class(code);
    const char *advice = kafka_fault_advice(code);

    fault->fenced = is_fenced(code);
    fault->class = class == FAILURE_TRANSIENT || fault->fenced ? FAILURE_TRANSIENT : FAILURE_OUTAGE;
    snprintf(fault->text, sizeof fault->text, "%s: %s: %s%s%s", what, rd_kafka_err2name(code), text,
             advice && !fault->fenced ? "; " : "", advice && !fault->fenced ? advice : "");
    return false;
}

/* Repeat a step that may be called again while it only takes long. */
static bool complete(struct outbox_producer *producer,
                     rd_kafka_error_t *(*step)(rd_kafka_t *client, int timeout_ms),
                     const char *what, const struct service *service, struct outbox_fault *fault)
{
    int64_t end_us = clock_monotonic_us() + PATIENCE_US;
    rd_kafka_error_t *error;

    while ((error = step(producer->client, STEP_MS))) {
        bool again = rd_kafka_error_is_retriable(error) && clock_monotonic_us() < end_us &&
                     !service_stopping(service);

        if (!again)
            fail(fault, rd_kafka_error_code(error), what, rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        if (!again)
            return false;
    }
    return true;
}

/* What the order and the fence rest on goes over the user's properties. */
static bool set_order(rd_kafka_conf_t *conf, const char *transactional_id, char *error,
                      size_t error_size)
{
    const struct kafka_setting settings[] = {
        {"transactional.id", transactional_id},
        {"transaction.timeout.ms", "10000"},
        {"linger.ms", "0"},
    };

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (rd_kafka_conf_set(conf, settings[i].name, settings[i].value, error, error_size) !=
            RD_KAFKA_CONF_OK)
            return false;
    return true;
}

struct outbox_producer *outbox_producer_open(const struct kafka_options *options, const char *topic,
                                             const char *transactional_id,
                                             const struct service *service,
                                             struct outbox_fault *fault)
{
    static const struct kafka_setting defaults[] = {
        {"client.id", "outbox-relay"},
        {"socket.timeout.ms", "5000"},
        {"reconnect.backoff.max.ms", "1000"},
        {"socket.keepalive.enable", "true"},
        {NULL, NULL},
    };
    struct outbox_producer *producer;
    rd_kafka_conf_t *conf;

    *fault = (struct outbox_fault){.class = FAILURE_STOP};
    conf = kafka_conf_new_producer(options, defaults, fault->text, sizeof fault->text);
    if (!conf)
        return NULL;
    if (!set_order(conf, transactional_id, fault->text, sizeof fault->text))
        goto err0;
    producer = calloc(1, sizeof *producer);
    CHECK(producer, "out of memory");
    producer->topic = topic;
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, fault->text, sizeof fault->text);
    if (!producer->client)
        goto err1;
    if (complete(producer, rd_kafka_init_transactions, "init_transactions", service, fault))
        return producer;
    outbox_producer_free(producer);
    return NULL;

err1:
    free(producer);
err0:
    rd_kafka_conf_destroy(conf);
    return NULL;
}

void outbox_producer_free(struct outbox_producer *producer)
{
    if (!producer)
        return;
    rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(producer->client);
    free(producer);
}

/* CloudEvents 1.0, Kafka protocol binding, binary content mode:
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md */
static rd_kafka_resp_err_t produce(struct outbox_producer *producer,
                                   const struct outbox_chunk *chunk, const struct outbox_row *row)
{
    static const char content_type[] = "application/json";
    const char *type = outbox_chunk_text(chunk, row->type);
    char schema[sizeof COUPON_EVENT_SCHEMA_PREFIX + 64];
    char time[TIMESTAMP_SIZE];

    timestamp_format(row->created_at_ms, time);
    snprintf(schema, sizeof schema, COUPON_EVENT_SCHEMA_PREFIX "%s", type);
    return rd_kafka_producev(
        producer->client, RD_KAFKA_V_TOPIC(producer->topic),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(outbox_chunk_text(chunk, row->key), row->key_len),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)outbox_chunk_text(chunk, row->payload),
                         row->payload_len),
        RD_KAFKA_V_HEADER("ce_specversion", "1.0", -1),
        RD_KAFKA_V_HEADER("ce_id", outbox_chunk_text(chunk, row->id), -1),
        RD_KAFKA_V_HEADER("ce_source", COUPON_EVENT_SOURCE, -1),
        RD_KAFKA_V_HEADER("ce_type", type, -1), RD_KAFKA_V_HEADER("ce_time", time, -1),
        RD_KAFKA_V_HEADER("ce_subject", outbox_chunk_text(chunk, row->subject), -1),
        RD_KAFKA_V_HEADER("ce_dataschema", schema, -1),
        RD_KAFKA_V_HEADER("content-type", content_type, -1), RD_KAFKA_V_END);
}

bool outbox_producer_publish(struct outbox_producer *producer, const struct outbox_chunk *chunk,
                             const struct service *service, struct outbox_fault *fault)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(producer->client);

    *fault = (struct outbox_fault){.class = FAILURE_NONE};
    if (error) {
        fail(fault, rd_kafka_error_code(error), "begin_transaction", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        return false;
    }
    for (size_t i = 0; i < chunk->count; i++) {
        rd_kafka_resp_err_t code = produce(producer, chunk, &chunk->rows[i]);

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return fail(fault, code, "produce", rd_kafka_err2str(code));
    }
    FAILPOINT("relay_before_commit");
    return complete(producer, rd_kafka_commit_transaction, "commit_transaction", service, fault);
}
