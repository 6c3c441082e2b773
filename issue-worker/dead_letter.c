#include "issue-worker/dead_letter.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_fault.h"

#define HEADER_PREFIX "kafka_dlt-"
#define ANSWER_POLL_MS 500

struct dead_letter {
    const struct kafka_options *options;
    rd_kafka_t *producer;
    char topic[BUFSIZ];
    const char *group;
    size_t unanswered;
    rd_kafka_resp_err_t error; /* of the first letter that was not taken */
};

static void delivered(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    struct dead_letter *dead_letter = opaque;

    (void)producer;
    CHECK(dead_letter->unanswered > 0, "a delivery report without a message");
    dead_letter->unanswered--;
    if (dead_letter->error == RD_KAFKA_RESP_ERR_NO_ERROR)
        dead_letter->error = message->err;
}

static rd_kafka_t *new_producer(struct dead_letter *dead_letter, char *error, size_t error_size)
{
    /* A dead letter is its record plus headers, so it may be larger than what the record's topic
     * lets through; its topic must allow that too (deploy/local does). */
    static const struct kafka_setting defaults[] = {
        {"client.id", "issue-worker-dlt"}, {"linger.ms", "0"}, {"message.timeout.ms", "10000"},
        {"message.max.bytes", "10485760"}, {NULL, NULL},
    };
    rd_kafka_conf_t *conf =
        kafka_conf_new_producer(dead_letter->options, defaults, error, error_size);
    rd_kafka_t *producer;

    if (!conf)
        return NULL;
    rd_kafka_conf_set_opaque(conf, dead_letter);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, error_size);
    if (!producer)
        rd_kafka_conf_destroy(conf);
    return producer;
}

struct dead_letter *dead_letter_new(const struct kafka_options *options, const char *group,
                                    char *error, size_t error_size)
{
    struct dead_letter *dead_letter = calloc(1, sizeof *dead_letter);

    CHECK(dead_letter, "out of memory");
    dead_letter->options = options;
    dead_letter->group = group;
    snprintf(dead_letter->topic, sizeof dead_letter->topic, "%s%s", options->topic,
             options->dlt_suffix);
    dead_letter->producer = new_producer(dead_letter, error, error_size);
    if (!dead_letter->producer) {
        free(dead_letter);
        return NULL;
    }
    return dead_letter;
}

void dead_letter_free(struct dead_letter *dead_letter)
{
    if (!dead_letter)
        return;
    rd_kafka_destroy(dead_letter->producer);
    free(dead_letter);
}

/* An idempotent producer that met a fatal error takes nothing any more: make another one. */
static void replace_dead_producer(struct dead_letter *dead_letter)
{
    char reason[256];
    rd_kafka_t *fresh;

    if (rd_kafka_fatal_error(dead_letter->producer, reason, sizeof reason) ==
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    log_warn("dead_letter_producer_replaced", "%s", reason);
    fresh = new_producer(dead_letter, reason, sizeof reason);
    if (!fresh) {
        log_error("dead_letter_producer_failed", "%s", reason);
        return;
    }
    rd_kafka_destroy(dead_letter->producer);
    dead_letter->producer = fresh;
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

static void remove_older_headers(rd_kafka_headers_t *headers)
{
    const char *name;
    const void *value;
    size_t size;
    size_t i = 0;

    while (rd_kafka_header_get_all(headers, i, &name, &value, &size) ==
           RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (strncmp(name, HEADER_PREFIX, strlen(HEADER_PREFIX)) != 0) {
            i++;
            continue;
        }
        char *removed = strdup(name); /* it goes with its header */

        CHECK(removed, "out of memory");
        rd_kafka_header_remove(headers, removed);
        free(removed);
        i = 0;
    }
}

static void add_headers(rd_kafka_headers_t *headers, const struct dead_letter *dead_letter,
                        const struct issue_item *item)
{
    const struct issue_record *record = &item->record;
    uint32_t partition = htobe32((uint32_t)record->partition);
    uint64_t offset = htobe64((uint64_t)record->offset);
    uint64_t timestamp = htobe64((uint64_t)record->timestamp_ms);
    uint32_t retries = htobe32(item->tries > 0 ? (uint32_t)item->tries - 1 : 0);
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    bool conflict = item->fault == ISSUE_REQUEST_OK && !item->cause;
    const char *fault = item->fault != ISSUE_REQUEST_OK ? issue_request_fault_name(item->fault)
                        : conflict                      ? "REQUEST_ID_CONFLICT"
                                                        : item->cause;

    rd_kafka_message_timestamp(item->message, &type);
    add_text(headers, HEADER_PREFIX "original-topic", record->topic);
    rd_kafka_header_add(headers, HEADER_PREFIX "original-partition", -1, &partition,
                        sizeof partition);
    rd_kafka_header_add(headers, HEADER_PREFIX "original-offset", -1, &offset, sizeof offset);
    rd_kafka_header_add(headers, HEADER_PREFIX "original-timestamp", -1, &timestamp,
                        sizeof timestamp);
    add_text(headers, HEADER_PREFIX "original-timestamp-type",
             type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? "LogAppendTime" : "CreateTime");
    add_text(headers, HEADER_PREFIX "original-consumer-group", dead_letter->group);
    add_text(headers, HEADER_PREFIX "exception-fqcn", fault);
    add_text(headers, HEADER_PREFIX "exception-message",
             conflict ? "the requestId was used before by another user or coupon" : item->detail);
    rd_kafka_header_add(headers, HEADER_PREFIX "retry-count", -1, &retries, sizeof retries);
}

static rd_kafka_resp_err_t produce(struct dead_letter *dead_letter, const struct issue_item *item)
{
    const struct issue_record *record = &item->record;
    rd_kafka_headers_t *original = NULL;
    rd_kafka_headers_t *headers;
    rd_kafka_resp_err_t error;

    headers = rd_kafka_message_headers(item->message, &original) == RD_KAFKA_RESP_ERR_NO_ERROR
                  ? rd_kafka_headers_copy(original)
                  : rd_kafka_headers_new(9);
    remove_older_headers(headers);
    add_headers(headers, dead_letter, item);
    error = rd_kafka_producev(dead_letter->producer, RD_KAFKA_V_TOPIC(dead_letter->topic),
                              RD_KAFKA_V_PARTITION(record->partition),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_KEY(record->key, record->key_len),
                              RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_len),
                              RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        dead_letter->unanswered++;
    else
        rd_kafka_headers_destroy(headers);
    return error;
}

/* Answer the reports of all messages: message.timeout.ms gives each its own, so this ends. */
static void await_reports(struct dead_letter *dead_letter, void (*waiting)(void *cookie),
                          void *cookie)
{
    while (dead_letter->unanswered > 0)
        if (rd_kafka_poll(dead_letter->producer, ANSWER_POLL_MS) == 0)
            waiting(cookie);
}

bool dead_letter_send(struct dead_letter *dead_letter, const struct issue_batch *batch,
                      void (*waiting)(void *cookie), void *cookie, char *text, size_t text_size)
{
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    const char *advice;
    size_t sent = 0;

    dead_letter->error = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < batch->count && error == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        if (!dead_letter_wanted(&batch->items[i]))
            continue;
        if (sent++ == 0)
            FAILPOINT("worker_before_dead_letter");
        error = produce(dead_letter, &batch->items[i]);
    }
    await_reports(dead_letter, waiting, cookie);
    if (sent > 0)
        FAILPOINT("worker_after_dead_letter");
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        error = dead_letter->error;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    advice = kafka_fault_advice(error);
    snprintf(text, text_size, "%s did not take a record: %s%s%s", dead_letter->topic,
             rd_kafka_err2str(error), advice ? "; " : "", advice ? advice : "");
    replace_dead_producer(dead_letter);
    return false;
}
