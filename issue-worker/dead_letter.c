#include "issue-worker/dead_letter.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/kafka/kafka_conf.h"

struct dead_letter {
    rd_kafka_t *producer;
    char topic[BUFSIZ];
    const char *group;
    size_t unanswered;
    size_t failed;
};

static void delivered(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    struct dead_letter *dead_letter = opaque;

    (void)producer;
    CHECK(dead_letter->unanswered > 0, "a delivery report without a message");
    dead_letter->unanswered--;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    dead_letter->failed++;
    log_error("dead_letter_failed",
              "%s partition %" PRId32 ": %s; nothing is skipped, the batch is tried again",
              dead_letter->topic, message->partition, rd_kafka_err2str(message->err));
}

struct dead_letter *dead_letter_new(const struct kafka_options *options, const char *group,
                                    char *error, size_t error_size)
{
    /* A dead letter is its record plus headers, so it may be larger than what the record's topic
     * lets through; its topic must allow that too (deploy/local does). */
    static const struct kafka_setting defaults[] = {
        {"client.id", "issue-worker-dlt"}, {"linger.ms", "0"}, {"message.timeout.ms", "10000"},
        {"message.max.bytes", "10485760"}, {NULL, NULL},
    };
    struct dead_letter *dead_letter = calloc(1, sizeof *dead_letter);
    rd_kafka_conf_t *conf;

    CHECK(dead_letter, "out of memory");
    dead_letter->group = group;
    snprintf(dead_letter->topic, sizeof dead_letter->topic, "%s%s", options->topic,
             options->dlt_suffix);
    conf = kafka_conf_new_producer(options, defaults, error, error_size);
    if (!conf)
        goto err0;
    rd_kafka_conf_set_opaque(conf, dead_letter);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    dead_letter->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, error_size);
    if (!dead_letter->producer)
        goto err1;
    return dead_letter;

err1:
    rd_kafka_conf_destroy(conf);
err0:
    free(dead_letter);
    return NULL;
}

void dead_letter_free(struct dead_letter *dead_letter)
{
    if (!dead_letter)
        return;
    rd_kafka_destroy(dead_letter->producer);
    free(dead_letter);
}

bool dead_letter_wanted(const struct issue_item *item)
{
    return !item->skipped && (item->verdict.kind == ISSUE_VERDICT_CONFLICT ||
                              item->verdict.kind == ISSUE_VERDICT_FAULTY);
}

static void add_text(rd_kafka_headers_t *headers, const char *name, const char *text)
{
    rd_kafka_header_add(headers, name, -1, text, (ssize_t)strlen(text));
}

static void add_headers(rd_kafka_headers_t *headers, const struct dead_letter *dead_letter,
                        const struct issue_item *item)
{
    const struct issue_record *record = &item->record;
    uint32_t partition = htobe32((uint32_t)record->partition);
    uint64_t offset = htobe64((uint64_t)record->offset);
    uint64_t timestamp = htobe64((uint64_t)record->timestamp_ms);
    const char *fault = item->fault == ISSUE_REQUEST_OK ? "REQUEST_ID_CONFLICT"
                                                        : issue_request_fault_name(item->fault);

    add_text(headers, "kafka_dlt-original-topic", record->topic);
    rd_kafka_header_add(headers, "kafka_dlt-original-partition", -1, &partition, sizeof partition);
    rd_kafka_header_add(headers, "kafka_dlt-original-offset", -1, &offset, sizeof offset);
    rd_kafka_header_add(headers, "kafka_dlt-original-timestamp", -1, &timestamp, sizeof timestamp);
    add_text(headers, "kafka_dlt-original-timestamp-type", "CreateTime");
    add_text(headers, "kafka_dlt-original-consumer-group", dead_letter->group);
    add_text(headers, "kafka_dlt-exception-fqcn", fault);
    add_text(headers, "kafka_dlt-exception-message",
             item->fault == ISSUE_REQUEST_OK
                 ? "the requestId was used before by another user or coupon"
                 : item->detail);
}

static bool produce(struct dead_letter *dead_letter, const struct issue_item *item)
{
    const struct issue_record *record = &item->record;
    rd_kafka_headers_t *original = NULL;
    rd_kafka_headers_t *headers;
    rd_kafka_resp_err_t error;

    headers = rd_kafka_message_headers(item->message, &original) == RD_KAFKA_RESP_ERR_NO_ERROR
                  ? rd_kafka_headers_copy(original)
                  : rd_kafka_headers_new(8);
    add_headers(headers, dead_letter, item);
    error = rd_kafka_producev(dead_letter->producer, RD_KAFKA_V_TOPIC(dead_letter->topic),
                              RD_KAFKA_V_PARTITION(record->partition),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_KEY(record->key, record->key_len),
                              RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_len),
                              RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        dead_letter->unanswered++;
        return true;
    }
    rd_kafka_headers_destroy(headers);
    log_error("dead_letter_failed",
              "%s partition %" PRId32 ": %s; nothing is skipped, the batch is tried again",
              dead_letter->topic, record->partition, rd_kafka_err2str(error));
    return false;
}

bool dead_letter_send(struct dead_letter *dead_letter, const struct issue_batch *batch,
                      size_t *sent)
{
    bool produced = true;

    *sent = 0;
    dead_letter->failed = 0;
    for (size_t i = 0; i < batch->count && produced; i++) {
        if (!dead_letter_wanted(&batch->items[i]))
            continue;
        produced = produce(dead_letter, &batch->items[i]);
        *sent += produced;
    }
    /* message.timeout.ms gives every message its report, so this ends. */
    while (dead_letter->unanswered > 0)
        rd_kafka_poll(dead_letter->producer, 100);
    return produced && dead_letter->failed == 0;
}
