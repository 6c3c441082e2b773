#include "issue-worker/issue_consumer_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_fault.h"
#include "issue-worker/replay_mark.h"

void issue_consumer_stop(struct issue_consumer *consumer, enum failure_stop stop, const char *text)
{
    if (consumer->stop != FAILURE_STOP_NONE)
        return;
    consumer->stop = stop;
    log_error(failure_stop_event(stop), "%s", text);
}

/* Members of one process with one group.instance.id would fence each other: each gets its number
 * behind it. */
static bool name_member(rd_kafka_conf_t *conf, int member, char *error, size_t error_size)
{
    char id[256];
    size_t size = sizeof id - sizeof "-2147483647";
    size_t len;

    if (member == ISSUE_CONSUMER_ALONE)
        return true;
    if (rd_kafka_conf_get(conf, "group.instance.id", NULL, &len) != RD_KAFKA_CONF_OK || len <= 1)
        return true;
    if (len > size) {
        snprintf(error, error_size, "group.instance.id is longer than %zu characters", size - 1);
        return false;
    }
    rd_kafka_conf_get(conf, "group.instance.id", id, &size);
    len = strlen(id);
    snprintf(id + len, sizeof id - len, "-%d", member);
    return rd_kafka_conf_set(conf, "group.instance.id", id, error, error_size) == RD_KAFKA_CONF_OK;
}

struct issue_consumer *issue_consumer_new(const struct kafka_options *options, const char *group,
                                          int member, const struct issue_consumer_hooks *hooks,
                                          char *error, size_t error_size)
{
    const struct kafka_setting defaults[] = {
        {"client.id", "issue-worker"},
        {"session.timeout.ms", "10000"},
        {"max.poll.interval.ms", "60000"},
        {"fetch.wait.max.ms", "100"},
        {"fetch.error.backoff.ms", "100"},
        {"queued.min.messages", CONSUMER_FETCH_QUEUED_MIN},
        {"queued.max.messages.kbytes", "16384"},
        {"socket.timeout.ms", "10000"},
        {"reconnect.backoff.max.ms", "2000"},
        {"topic.metadata.refresh.interval.ms", "30000"},
        {consumer_fetch_rests_adjustable() ? "fetch.queue.backoff.ms" : NULL, "10"},
        {NULL, NULL},
    };
    /* auto.offset.reset=error: an offset outside of the log must stop the worker, not skip records.
     */
    static const struct kafka_setting fixed[] = {
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"partition.assignment.strategy", "range"},
        {"auto.offset.reset", "error"},
        {"allow.auto.create.topics", "false"},
        {"isolation.level", "read_committed"},
        {NULL, NULL},
    };
    struct issue_consumer *consumer = calloc(1, sizeof *consumer);
    rd_kafka_topic_partition_list_t *topics;
    rd_kafka_resp_err_t code;
    rd_kafka_conf_t *conf;

    CHECK(consumer, "out of memory");
    consumer->topic = options->topic;
    consumer->hooks = *hooks;
    conf = kafka_conf_new(options, defaults, fixed, error, error_size);
    if (!conf)
        goto err0;
    rd_kafka_conf_set_opaque(conf, consumer);
    rd_kafka_conf_set_rebalance_cb(conf, consumer_assignment_changed);
    if (rd_kafka_conf_set(conf, "group.id", group, error, error_size) != RD_KAFKA_CONF_OK ||
        !name_member(conf, member, error, error_size))
        goto err1;
    consumer->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, error_size);
    if (!consumer->client)
        goto err1;
    rd_kafka_poll_set_consumer(consumer->client);
    consumer->queue = rd_kafka_queue_get_consumer(consumer->client);
    topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, options->topic, RD_KAFKA_PARTITION_UA);
    code = rd_kafka_subscribe(consumer->client, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        snprintf(error, error_size, "subscribe to %s: %s", options->topic, rd_kafka_err2str(code));
        goto err2;
    }
    return consumer;

err2:
    rd_kafka_queue_destroy(consumer->queue);
    rd_kafka_destroy(consumer->client);
    free(consumer);
    return NULL;
err1:
    rd_kafka_conf_destroy(conf);
err0:
    free(consumer);
    return NULL;
}

void issue_consumer_free(struct issue_consumer *consumer)
{
    if (!consumer)
        return;
    rd_kafka_consumer_close(consumer->client);
    rd_kafka_queue_destroy(consumer->queue);
    rd_kafka_destroy(consumer->client);
    partition_table_free(&consumer->partitions);
    free(consumer);
}

void issue_consumer_release(void *message)
{
    rd_kafka_message_destroy(message);
}

/* The error after which the client library gives up stands behind its FATAL. */
static rd_kafka_resp_err_t cause_of(const struct issue_consumer *consumer,
                                    const rd_kafka_message_t *message, char *text, size_t text_size)
{
    snprintf(text, text_size, "%s", rd_kafka_message_errstr(message));
    if (message->err != RD_KAFKA_RESP_ERR__FATAL)
        return message->err;
    return rd_kafka_fatal_error(consumer->client, text, text_size);
}

static enum failure_stop stop_of(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return FAILURE_STOP_OFFSETS;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        return FAILURE_STOP_FENCED;
    default:
        return FAILURE_STOP_CLIENT;
    }
}

void issue_consumer_take_error(struct issue_consumer *consumer, const rd_kafka_message_t *message)
{
    char cause[256];
    char text[512];
    rd_kafka_resp_err_t error = cause_of(consumer, message, cause, sizeof cause);
    bool fatal = message->err == RD_KAFKA_RESP_ERR__FATAL;
    const char *advice = kafka_fault_advice(error);

    snprintf(text, sizeof text, "%s partition %" PRId32 ": %s: %s%s%s", consumer->topic,
             message->partition, rd_kafka_err2name(error), cause, advice ? "; " : "",
             advice ? advice : "");
    if (fatal || kafka_fault_class(error) == FAILURE_STOP)
        issue_consumer_stop(consumer, stop_of(error), text);
    else if (kafka_fault_class(error) == FAILURE_TRANSIENT)
        log_warn("consume_failed", "%s", text);
    else
        log_error("kafka_away", "%s; nothing is skipped", text);
}

/* A replay says so in its headers, a traced request has one; most records have none. */
static void read_headers(const rd_kafka_message_t *message, struct issue_record *record)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;

    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    if (rd_kafka_header_get_last(headers, TRACEPARENT_HEADER, &value, &size) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        record->traceparent = value;
        record->traceparent_len = size;
    }
    if (rd_kafka_header_get_last(headers, REPLAY_MARK_HEADER, &value, &size) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    record->replayed = true;
    record->first_partition = record->partition;
    record->first_offset = record->offset;
    if (rd_kafka_header_get_last(headers, REPLAY_ORIGIN_HEADER, &value, &size) ==
            RD_KAFKA_RESP_ERR_NO_ERROR &&
        value)
        replay_origin_parse(value, size, &record->first_partition, &record->first_offset);
}

/* Take one delivered message; true when it was added to the batch. */
static bool take(struct issue_consumer *consumer, struct issue_batch *batch,
                 rd_kafka_message_t *message)
{
    struct partition *partition;
    struct issue_record record;
    int64_t begin_offset;

    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        issue_consumer_take_error(consumer, message);
        rd_kafka_message_destroy(message);
        return false;
    }
    partition = partition_table_find(&consumer->partitions, message->partition);
    if (!partition || message->offset < partition->read_offset) {
        /* Delivered before an assignment or a seek took hold; its turn comes, or another's. */
        rd_kafka_message_destroy(message);
        return false;
    }
    begin_offset = partition_table_begin_offset(partition, message->offset);
    partition->read_offset = message->offset + 1;
    record = (struct issue_record){
        .topic = consumer->topic,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = message->key,
        .key_len = message->key_len,
        .value = message->payload,
        .value_len = message->len,
    };
    read_headers(message, &record);
    issue_batch_add(batch, &record, message, begin_offset);
    return true;
}

static void fill(struct issue_consumer *consumer, struct issue_batch *batch, int wait_ms,
                 int64_t max_age_us)
{
    int64_t deadline_us = batch->count > 0 ? clock_monotonic_us() + max_age_us : 0;

    while (!issue_batch_full(batch)) {
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(consumer->client, batch->count > 0 ? 0 : wait_ms);

        if (!message)
            return;
        if (take(consumer, batch, message) && batch->count == 1)
            deadline_us = clock_monotonic_us() + max_age_us;
        if (batch->count == 0 || (batch->count % 64 == 0 && clock_monotonic_us() >= deadline_us))
            return;
    }
}

void issue_consumer_collect(struct issue_consumer *consumer, struct issue_batch *batch, int wait_ms,
                            int64_t max_age_us)
{
    fill(consumer, batch, wait_ms, max_age_us);
    consumer_fetch_keep(consumer, wait_ms > 0 && batch->count == 0);
}

void issue_consumer_commit(struct issue_consumer *consumer, const struct issue_batch *batch)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)batch->span_count);
    rd_kafka_resp_err_t error;

    for (size_t i = 0; i < batch->span_count; i++) {
        const struct issue_span *span = &batch->spans[i];
        struct partition *partition = partition_table_find(&consumer->partitions, span->partition);

        if (!partition)
            continue;
        partition->next_offset = span->next_offset;
        partition->bare = false;
        partition->positioned = true;
        rd_kafka_topic_partition_list_add(list, consumer->topic, span->partition)->offset =
            span->next_offset;
    }
    error = list->cnt > 0 ? rd_kafka_commit(consumer->client, list, 1) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_warn("offset_commit_failed", "%s; the fence in MySQL holds", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(list);
}

enum failure_stop issue_consumer_stopped(const struct issue_consumer *consumer)
{
    return consumer->stop;
}

bool issue_consumer_joined(const struct issue_consumer *consumer)
{
    return consumer->joined;
}
