#include "issue-worker/issue_consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_conf.h"
#include "issue-worker/partition_table.h"

#define ASSIGN_WATERMARK_MS 3000
#define QUEUED_MIN "20000"
#define QUEUED_LOW 15000
#define WAKE_TIMEOUT_MS 100

struct issue_consumer {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue; /* where client's records wait */
    bool fetch_may_rest;
    const char *topic;
    struct issue_consumer_hooks hooks;
    struct partition_table partitions;
    bool joined;
    bool paused;
    char fatal[512];
};

static void stop(struct issue_consumer *consumer, const char *event, const char *text)
{
    if (consumer->fatal[0])
        return;
    snprintf(consumer->fatal, sizeof consumer->fatal, "%s", text);
    log_error(event, "%s", text);
}

/* A fence outside of the log means that the topic or the database is not the one it was. */
static bool fence_fits_log(struct issue_consumer *consumer, const struct partition *partition,
                           int64_t low, int64_t high)
{
    char text[sizeof consumer->fatal];

    if (partition->next_offset >= low && partition->next_offset <= high)
        return true;
    if (partition->next_offset > high)
        snprintf(
            text, sizeof text,
            "%s partition %" PRId32 ": the fence in MySQL is at %" PRId64
            " and the log ends at %" PRId64
            ". The topic was made anew, or this is another cluster. Point the worker at the right "
            "one; or, if the topic was meant to be made anew, delete the topic's rows from "
            "consumer_fence while no worker runs, and start again",
            consumer->topic, partition->number, partition->next_offset, high);
    else
        snprintf(
            text, sizeof text,
            "%s partition %" PRId32 ": records %" PRId64 " to %" PRId64
            " were deleted by retention before they were decided. Restore them if you can; else "
            "accept their loss by setting next_offset to %" PRId64
            " in consumer_fence while no worker runs, and start again",
            consumer->topic, partition->number, partition->next_offset, low - 1, low);
    stop(consumer, "fence_outside_log", text);
    return false;
}

/* Where to begin each partition: at its fence; at the log's start where it has none yet. Where the
 * fence can't be read now, at Kafka's committed offset, and the transaction will find out. */
static void position(struct issue_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    size_t count = consumer->partitions.count;
    int32_t *numbers = calloc(count + 1, sizeof *numbers);
    int64_t *fences = calloc(count + 1, sizeof *fences);
    bool known;

    CHECK(numbers && fences, "out of memory");
    for (size_t i = 0; i < count; i++)
        numbers[i] = consumer->partitions.items[i].number;
    known = consumer->hooks.fences(consumer->hooks.cookie, numbers, count, fences);
    for (size_t i = 0; i < count; i++) {
        struct partition *partition = &consumer->partitions.items[i];
        rd_kafka_topic_partition_t *place =
            rd_kafka_topic_partition_list_find(list, consumer->topic, partition->number);
        int64_t low = 0;
        int64_t high = 0;

        CHECK(place, "partition %" PRId32 " is not in the assignment", partition->number);
        partition->positioned = known;
        if (!known) {
            place->offset = RD_KAFKA_OFFSET_STORED;
            continue;
        }
        place->offset = fences[i] >= 0 ? fences[i] : RD_KAFKA_OFFSET_BEGINNING;
        partition->next_offset = fences[i];
        if (fences[i] >= 0 && rd_kafka_query_watermark_offsets(
                                  consumer->client, consumer->topic, partition->number, &low, &high,
                                  ASSIGN_WATERMARK_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
            fence_fits_log(consumer, partition, low, high);
    }
    free(fences);
    free(numbers);
}

static void assign(struct issue_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t error;

    partition_table_clear(&consumer->partitions);
    for (int i = 0; i < list->cnt; i++)
        partition_table_add(&consumer->partitions, list->elems[i].partition);
    if (list->cnt > 0)
        position(consumer, list);
    error = rd_kafka_assign(consumer->client, list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_error("assign_failed", "%s", rd_kafka_err2str(error));
    consumer->joined = true;
    if (consumer->paused)
        rd_kafka_pause_partitions(consumer->client, list);
    log_info("partitions_assigned", "%d partitions of %s", list->cnt, consumer->topic);
}

static void revoke(struct issue_consumer *consumer)
{
    bool lost = rd_kafka_assignment_lost(consumer->client);

    consumer->hooks.revoked(consumer->hooks.cookie);
    if (!lost)
        rd_kafka_commit(consumer->client, NULL, 0);
    partition_table_clear(&consumer->partitions);
    rd_kafka_assign(consumer->client, NULL);
    consumer->joined = false;
    log_info("partitions_revoked", "%s", lost ? "lost to another member" : "handed over");
}

static void rebalanced(rd_kafka_t *client, rd_kafka_resp_err_t code,
                       rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct issue_consumer *consumer = opaque;

    (void)client;
    switch (code) {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
        assign(consumer, list);
        break;
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
        revoke(consumer);
        break;
    default:
        log_error("rebalance_failed", "%s", rd_kafka_err2str(code));
        consumer->hooks.revoked(consumer->hooks.cookie);
        partition_table_clear(&consumer->partitions);
        rd_kafka_assign(consumer->client, NULL);
        consumer->joined = false;
    }
}

/* With QUEUED_MIN records in its queue the client rests from fetching: for the time that
 * fetch.queue.backoff.ms says from 2.2.0 on, before that for up to a second, in which a fast worker
 * runs dry (see keep_fetching). */
static bool rests_adjustable(void)
{
    return rd_kafka_version() >= 0x02020000;
}

struct issue_consumer *issue_consumer_new(const struct kafka_options *options, const char *group,
                                          const struct issue_consumer_hooks *hooks, char *error,
                                          size_t error_size)
{
    const struct kafka_setting defaults[] = {
        {"client.id", "issue-worker"},
        {"session.timeout.ms", "10000"},
        {"fetch.wait.max.ms", "100"},
        {"fetch.error.backoff.ms", "100"},
        {"queued.min.messages", QUEUED_MIN},
        {"queued.max.messages.kbytes", "16384"},
        {"reconnect.backoff.max.ms", "2000"},
        {rests_adjustable() ? "fetch.queue.backoff.ms" : NULL, "10"},
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
    rd_kafka_conf_set_rebalance_cb(conf, rebalanced);
    if (rd_kafka_conf_set(conf, "group.id", group, error, error_size) != RD_KAFKA_CONF_OK)
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

static void take_error(struct issue_consumer *consumer, const rd_kafka_message_t *message)
{
    char text[400];
    char reason[256];

    switch (message->err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        snprintf(text, sizeof text,
                 "%s partition %" PRId32
                 ": the next record is not in the log any more (%s). Compare "
                 "consumer_fence with the topic's offsets; nothing was skipped",
                 consumer->topic, message->partition, rd_kafka_message_errstr(message));
        stop(consumer, "offset_outside_log", text);
        break;
    case RD_KAFKA_RESP_ERR__FATAL:
        rd_kafka_fatal_error(consumer->client, reason, sizeof reason);
        snprintf(text, sizeof text, "the Kafka client can't go on: %s", reason);
        stop(consumer, "consumer_fatal", text);
        break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        log_error("topic_missing", "topic %s is not there: create it (and its dead-letter topic)",
                  consumer->topic);
        break;
    default:
        log_warn("consume_failed", "%s", rd_kafka_message_errstr(message));
    }
}

/* Take one delivered message; true when it was added to the batch. */
static bool take(struct issue_consumer *consumer, struct issue_batch *batch,
                 rd_kafka_message_t *message)
{
    struct partition *partition;
    struct issue_record record;

    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        take_error(consumer, message);
        rd_kafka_message_destroy(message);
        return false;
    }
    partition = partition_table_find(&consumer->partitions, message->partition);
    if (!partition || message->offset < partition->read_offset) {
        /* Delivered before an assignment or a seek took hold; its turn comes, or another's. */
        rd_kafka_message_destroy(message);
        return false;
    }
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
    issue_batch_add(batch, &record, message, partition->positioned);
    return true;
}

/* Is there more in the log than what is queued, as far as the last answers to the client have told?
 */
static bool more_in_log(const struct issue_consumer *consumer, size_t queued)
{
    int64_t ahead = 0;

    for (size_t i = 0; i < consumer->partitions.count; i++) {
        const struct partition *partition = &consumer->partitions.items[i];
        int64_t low, high;

        if (rd_kafka_get_watermark_offsets(consumer->client, consumer->topic, partition->number,
                                           &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            partition->read_offset >= 0 && high > partition->read_offset)
            ahead += high - partition->read_offset;
    }
    return ahead > (int64_t)queued;
}

/* A question to a partition's leader ends the client's rest; the answer is of no use here. Asked
 * once each time the queue falls, and at the end of a log, where the broker keeps the answer back
 * until a fetch is over (fetch.wait.max.ms), only when there is nothing else to do. */
static void keep_fetching(struct issue_consumer *consumer, bool idle)
{
    size_t queued = rd_kafka_queue_length(consumer->queue);
    int64_t ignored;

    if (queued >= QUEUED_LOW || !consumer->fetch_may_rest) {
        consumer->fetch_may_rest = consumer->fetch_may_rest || queued >= QUEUED_LOW;
        return;
    }
    if (rests_adjustable() || (!more_in_log(consumer, queued) && (!idle || queued > 0)))
        return;
    consumer->fetch_may_rest = false;
    for (size_t i = 0; i < consumer->partitions.count; i++)
        rd_kafka_query_watermark_offsets(consumer->client, consumer->topic,
                                         consumer->partitions.items[i].number, &ignored, &ignored,
                                         WAKE_TIMEOUT_MS);
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
    keep_fetching(consumer, wait_ms > 0 && batch->count == 0);
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
        partition->positioned = true;
        rd_kafka_topic_partition_list_add(list, consumer->topic, span->partition)->offset =
            span->next_offset;
    }
    error = list->cnt > 0 ? rd_kafka_commit(consumer->client, list, 1) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_warn("offset_commit_failed", "%s; the fence in MySQL holds", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(list);
}

static rd_kafka_topic_partition_list_t *assigned(const struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)consumer->partitions.count + 1);

    for (size_t i = 0; i < consumer->partitions.count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->topic,
                                          consumer->partitions.items[i].number);
    return list;
}

void issue_consumer_pause(struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = assigned(consumer);

    consumer->paused = true;
    rd_kafka_pause_partitions(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void issue_consumer_wait(struct issue_consumer *consumer, int wait_ms)
{
    int64_t end_us = clock_monotonic_us() + wait_ms * INT64_C(1000);
    int64_t left_us;

    CHECK(consumer->paused, "waiting without a pause would lose records");
    while ((left_us = end_us - clock_monotonic_us()) > 0 && !consumer->fatal[0]) {
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(consumer->client, (int)(left_us / 1000) + 1);

        if (!message)
            continue;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            take_error(consumer, message);
        /* A record delivered in spite of the pause is read again: resume seeks back to read_offset.
         */
        rd_kafka_message_destroy(message);
    }
}

/* Go to read_offset: what a pause threw out of the client's queue is fetched again. */
static bool seek_all(struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = assigned(consumer);
    rd_kafka_error_t *error = NULL;
    bool sought = true;

    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = partition_table_seek_offset(&consumer->partitions.items[i]);
    if (list->cnt > 0)
        error = rd_kafka_seek_partitions(consumer->client, list, 5000);
    for (int i = 0; i < list->cnt && !error; i++)
        sought = sought && list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (error || !sought)
        log_warn("seek_failed", "%s", error ? rd_kafka_error_string(error) : "a partition refused");
    sought = sought && !error;
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    return sought;
}

void issue_consumer_resume(struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list;

    if (!consumer->paused)
        return;
    while (!seek_all(consumer) && consumer->joined && !consumer->fatal[0])
        issue_consumer_wait(consumer, 200);
    list = assigned(consumer);
    rd_kafka_resume_partitions(consumer->client, list);
    consumer->paused = false;
    rd_kafka_topic_partition_list_destroy(list);
}

bool issue_consumer_rewind(struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = assigned(consumer);
    bool known = false;

    if (list->cnt > 0) {
        position(consumer, list);
        for (size_t i = 0; i < consumer->partitions.count; i++) {
            known = consumer->partitions.items[i].positioned;
            consumer->partitions.items[i].read_offset = consumer->partitions.items[i].next_offset;
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (!known)
        return false;
    issue_consumer_pause(consumer);
    issue_consumer_resume(consumer);
    return true;
}

const char *issue_consumer_fatal(const struct issue_consumer *consumer)
{
    return consumer->fatal[0] ? consumer->fatal : NULL;
}

bool issue_consumer_joined(const struct issue_consumer *consumer)
{
    return consumer->joined;
}

#define LOOK_INTERVAL_US 1000000
#define LOOK_TIMEOUT_MS 200

size_t issue_consumer_progress(struct issue_consumer *consumer, struct issue_progress *progress,
                               size_t capacity)
{
    int64_t now_us = clock_monotonic_us();
    bool reachable = true;
    size_t count = 0;

    for (size_t i = 0; i < consumer->partitions.count && count < capacity; i++) {
        struct partition *partition = &consumer->partitions.items[i];

        if (reachable && partition_look_due(partition, now_us, LOOK_INTERVAL_US)) {
            int64_t low = 0;
            int64_t high = 0;

            reachable = rd_kafka_query_watermark_offsets(
                            consumer->client, consumer->topic, partition->number, &low, &high,
                            LOOK_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
            partition_looked(partition, now_us, reachable ? high : -1);
            if (reachable && partition->next_offset < low && low == high)
                partition->next_offset = high; /* an empty log without a fence */
        }
        progress[count++] = (struct issue_progress){
            .partition = partition->number,
            .next_offset = partition->next_offset,
            .end_offset = partition->end_offset,
            .caught_up = partition_caught_up(partition),
        };
    }
    return count;
}
