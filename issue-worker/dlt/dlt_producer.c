#include "issue-worker/dlt/dlt_producer.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_partition.h"
#include "issue-worker/replay_mark.h"

struct dlt_producer {
    const struct kafka_options *options;
    int32_t partitions; /* 0: all */
    rd_kafka_t *client;
};

/* How the one message under way ended. */
struct report {
    bool done;
    rd_kafka_resp_err_t error;
    rd_kafka_msg_status_t status;
    int32_t partition;
    int64_t offset;
};

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct report *report = message->_private;

    (void)client;
    (void)opaque;
    *report = (struct report){true, message->err, rd_kafka_message_status(message),
                              message->partition, message->offset};
}

struct dlt_producer *dlt_producer_new(const struct kafka_options *options, int32_t partitions,
                                      char *error, size_t error_size)
{
    static const struct kafka_setting defaults[] = {
        {"client.id", "issue-worker-dlt"}, {"linger.ms", "0"}, {"message.timeout.ms", "20000"},
        {"message.max.bytes", "10485760"}, {NULL, NULL},
    };
    struct dlt_producer *producer = calloc(1, sizeof *producer);
    rd_kafka_conf_t *conf;

    CHECK(producer, "out of memory");
    producer->options = options;
    producer->partitions = partitions;
    conf = kafka_conf_new_producer(options, defaults, error, error_size);
    if (!conf)
        goto err0;
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, error_size);
    if (!producer->client)
        goto err1;
    return producer;

err1:
    rd_kafka_conf_destroy(conf);
err0:
    free(producer);
    return NULL;
}

void dlt_producer_free(struct dlt_producer *producer)
{
    if (!producer)
        return;
    rd_kafka_destroy(producer->client);
    free(producer);
}

static rd_kafka_headers_t *headers_of(const struct dlt_producer *producer,
                                      const struct dlt_letter *letter)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(letter->header_count + 2);
    char place[400];
    char origin[REPLAY_ORIGIN_SIZE];

    for (size_t i = 0; i < letter->header_count; i++) {
        const struct dlt_header *header = &letter->headers[i];

        if (!dlt_header_is_ours(header->name))
            rd_kafka_header_add(headers, header->name, -1, header->value.data,
                                (ssize_t)header->value.len);
    }
    snprintf(place, sizeof place, "%s%s:%" PRId32 ":%" PRId64, producer->options->topic,
             producer->options->dlt_suffix, letter->partition, letter->offset);
    replay_origin_format(letter->origin_partition, letter->origin_offset, origin);
    rd_kafka_header_add(headers, REPLAY_MARK_HEADER, -1, place, -1);
    rd_kafka_header_add(headers, REPLAY_ORIGIN_HEADER, -1, origin, -1);
    return headers;
}

static int32_t partition_of(const struct dlt_producer *producer, const struct dlt_letter *letter)
{
    if (producer->partitions == 0 || !letter->key.data)
        return RD_KAFKA_PARTITION_UA;
    return kafka_partition_of_key(letter->key.data, letter->key.len, producer->partitions);
}

static rd_kafka_resp_err_t produce(struct dlt_producer *producer, const struct dlt_letter *letter,
                                   struct report *report)
{
    rd_kafka_headers_t *headers = headers_of(producer, letter);
    int64_t timestamp_ms = dlt_letter_timestamp(letter);
    rd_kafka_resp_err_t error = rd_kafka_producev(
        producer->client, RD_KAFKA_V_TOPIC(producer->options->topic),
        RD_KAFKA_V_PARTITION(partition_of(producer, letter)),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(letter->key.data, letter->key.len),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)letter->value.data, letter->value.len),
        RD_KAFKA_V_TIMESTAMP(timestamp_ms > 0 ? timestamp_ms : 0), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_OPAQUE(report), RD_KAFKA_V_END);

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return error;
}

/* Errors that are about the record and not about the brokers. */
static bool is_of_the_record(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return true;
    default:
        return false;
    }
}

enum dlt_produced dlt_producer_send(struct dlt_producer *producer, const struct dlt_letter *letter,
                                    int32_t *partition, int64_t *offset, char *error,
                                    size_t error_size)
{
    struct report report = {.status = RD_KAFKA_MSG_STATUS_NOT_PERSISTED};

    report.error = produce(producer, letter, &report);
    /* message.timeout.ms gives the message its report, so this ends. */
    while (report.error == RD_KAFKA_RESP_ERR_NO_ERROR && !report.done)
        rd_kafka_poll(producer->client, 100);
    if (report.error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *partition = report.partition;
        *offset = report.offset;
        return DLT_PRODUCED;
    }
    snprintf(error, error_size, "topic %s: %s", producer->options->topic,
             rd_kafka_err2str(report.error));
    return is_of_the_record(report.error) && report.status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED
               ? DLT_PRODUCE_REFUSED
               : DLT_PRODUCE_FAILED;
}
