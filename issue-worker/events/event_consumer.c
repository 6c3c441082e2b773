#include "issue-worker/events/event_consumer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_fault.h"
#include "common/metrics/metrics.h"
#include "issue-worker/events/event_partitions.h"

#define POLL_MS 100
#define POLL_FILLING_MS 2
#define LOOK_EVERY_US 3000000
#define REST_MIN_US 50000
#define REST_MAX_US 2000000

struct event_consumer {
    const struct event_consumer_config *config;
    const struct event_sink *sink;
    struct service *service;
    rd_kafka_t *client;
    struct event_partitions partitions;
    struct event_batch batch;
    bool unpositioned; /* the sink is to be asked where to go on */
    bool paused;
    uint64_t assignment; /* counts them: what was read under an older one is void */
    int64_t rest_us;
    int64_t look_us; /* when it was last looked whether the sink has forgotten */
    int status;      /* not EX_OK: stop */
    struct metric *taken, *unreadable, *failures, *lag;
};

static void clear_batch(struct event_consumer *consumer)
{
    struct event_batch *batch = &consumer->batch;

    for (size_t i = 0; i < batch->count; i++)
        rd_kafka_message_destroy(batch->items[i].message);
    batch->count = 0;
}

static void pause_fetching(struct event_consumer *consumer, bool pause)
{
    rd_kafka_topic_partition_list_t *list;

    if (consumer->paused == pause)
        return;
    consumer->paused = pause;
    list = event_partitions_list(&consumer->partitions, consumer->config->topic);
    if (list->cnt > 0 && pause)
        rd_kafka_pause_partitions(consumer->client, list);
    else if (list->cnt > 0)
        rd_kafka_resume_partitions(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static void rest(struct event_consumer *consumer)
{
    service_rest(consumer->service, consumer->rest_us);
    consumer->rest_us = 2 * consumer->rest_us;
    if (consumer->rest_us > REST_MAX_US)
        consumer->rest_us = REST_MAX_US;
}

static void take_error(struct event_consumer *consumer, const rd_kafka_message_t *message)
{
    bool fatal =
        message->err == RD_KAFKA_RESP_ERR__FATAL || kafka_fault_class(message->err) == FAILURE_STOP;

    log_write(fatal ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "consume_failed", "%s: %s",
              rd_kafka_err2name(message->err), rd_kafka_message_errstr(message));
    if (fatal)
        consumer->status = EX_SOFTWARE;
}

/* Let the client work while nothing is wanted of it. What it delivers even so is void, but for an
 * error, which it tells once. */
static void serve(struct event_consumer *consumer)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer->client, 0);

    if (!message)
        return;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        consumer->unpositioned = true;
    else
        take_error(consumer, message);
    rd_kafka_message_destroy(message);
}

/* Begin all partitions where the sink says. False: it does not know yet. */
static bool take_position(struct event_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list;
    bool known = event_partitions_ask(&consumer->partitions, consumer->sink, consumer->client,
                                      consumer->config->topic);

    if (!known)
        return false;
    /* Resumed before, not behind: to begin anew takes the client a while in which a resume may
     * overtake and cancel it (librdkafka's issues 2190 and 5591). */
    pause_fetching(consumer, false);
    list = event_partitions_list(&consumer->partitions, consumer->config->topic);
    consumer->assignment++;
    rd_kafka_assign(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    consumer->unpositioned = false;
    consumer->rest_us = REST_MIN_US;
    return true;
}

static void change_assignment(rd_kafka_t *client, rd_kafka_resp_err_t code,
                              rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct event_consumer *consumer = opaque;

    consumer->assignment++;
    consumer->paused = false;
    clear_batch(consumer);
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
            log_error("rebalance_failed", "%s", rd_kafka_err2str(code));
        event_partitions_clear(&consumer->partitions);
        consumer->unpositioned = false;
        rd_kafka_assign(client, NULL);
        service_set_ready(consumer->service, false);
        return;
    }
    event_partitions_set(&consumer->partitions, list);
    rd_kafka_assign(client, list);
    pause_fetching(consumer, true);
    consumer->unpositioned = true;
    service_set_ready(consumer->service, true);
    log_info("partitions_assigned", "%d partitions of %s", list->cnt, consumer->config->topic);
}

/* For tools that show lag, and for sinks that ask for it. */
static void commit(struct event_consumer *consumer, const struct event_batch *batch)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t error;

    rd_kafka_topic_partition_list_add(list, consumer->config->topic, batch->partition)->offset =
        batch->next_offset;
    error = rd_kafka_commit(consumer->client, list, 0);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_warn("offset_commit_failed", "%s", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(list);
}

static void take_success(struct event_consumer *consumer)
{
    struct event_batch *batch = &consumer->batch;

    FAILPOINT("events_after_take");
    commit(consumer, batch);
    event_partitions_move(&consumer->partitions, batch->partition, batch->next_offset);
    metric_add(consumer->taken, batch->count);
    clear_batch(consumer);
    consumer->rest_us = REST_MIN_US;
    pause_fetching(consumer, false);
}

/* Hand the batch to the sink, as often as it takes, or until it is not ours any more. */
static void hand_over(struct event_consumer *consumer)
{
    uint64_t assignment = consumer->assignment;

    while (consumer->batch.count > 0 && consumer->assignment == assignment) {
        FAILPOINT("events_before_take");
        switch (consumer->sink->take(consumer->sink->cookie, &consumer->batch)) {
        case EVENT_TAKEN:
            take_success(consumer);
            return;
        case EVENT_AGAIN:
            metric_add(consumer->failures, 1);
            pause_fetching(consumer, true);
            rest(consumer);
            serve(consumer);
            break;
        case EVENT_REPOSITION:
            log_warn("position_changed", "partition %" PRId32 " goes on where the sink says",
                     consumer->batch.partition);
            consumer->unpositioned = true;
            break;
        case EVENT_STOP:
            consumer->status = EX_CONFIG;
            break;
        }
        if (consumer->unpositioned || consumer->status != EX_OK ||
            service_stopping(consumer->service))
            clear_batch(consumer);
    }
}

/* Add a record to the batch, which has room for it. */
static void add(struct event_consumer *consumer, rd_kafka_message_t *message)
{
    struct event_batch *batch = &consumer->batch;
    struct event_item *item = &batch->items[batch->count];
    char error[128];

    if (batch->count == 0) {
        batch->partition = message->partition;
        batch->begin_offset = event_partitions_next(&consumer->partitions, message->partition);
    }
    *item = (struct event_item){
        .offset = message->offset,
        .value = message->payload,
        .value_len = message->len,
        .message = message,
    };
    batch->next_offset = message->offset + 1;
    if (!message->payload ||
        !coupon_event_decode(message->payload, message->len, &item->event, error, sizeof error)) {
        log_warn("event_unreadable", "partition %" PRId32 " offset %" PRId64 ": %s",
                 message->partition, message->offset, message->payload ? error : "it is empty");
        metric_add(consumer->unreadable, 1);
        item->event.type = 0;
    }
    batch->count++;
}

static void take(struct event_consumer *consumer, rd_kafka_message_t *message)
{
    struct event_batch *batch = &consumer->batch;
    uint64_t assignment = consumer->assignment;

    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        take_error(consumer, message);
        rd_kafka_message_destroy(message);
        return;
    }
    if (batch->count == batch->capacity ||
        (batch->count > 0 && batch->partition != message->partition))
        hand_over(consumer);
    if (consumer->unpositioned || consumer->assignment != assignment || consumer->status != EX_OK ||
        batch->count == batch->capacity ||
        !event_partitions_has(&consumer->partitions, message->partition))
        rd_kafka_message_destroy(message); /* it comes again, or to somebody else */
    else
        add(consumer, message);
}

/* Nothing is to do: does the sink still know what it had? */
static void look(struct event_consumer *consumer)
{
    int64_t now_us = clock_monotonic_us();

    if (!consumer->sink->may_forget || now_us - consumer->look_us < LOOK_EVERY_US)
        return;
    consumer->look_us = now_us;
    if (!event_partitions_differ(&consumer->partitions, consumer->sink))
        return;
    log_warn("position_changed", "going on where the sink says");
    consumer->unpositioned = true;
}

static void turn(struct event_consumer *consumer)
{
    rd_kafka_message_t *message;

    if (consumer->unpositioned) {
        pause_fetching(consumer, true);
        serve(consumer);
        if (consumer->unpositioned && !take_position(consumer))
            rest(consumer);
        return;
    }
    message = rd_kafka_consumer_poll(consumer->client,
                                     consumer->batch.count > 0 ? POLL_FILLING_MS : POLL_MS);
    if (message)
        take(consumer, message);
    else if (consumer->batch.count > 0)
        hand_over(consumer);
    else
        look(consumer);
    metric_set(consumer->lag, event_partitions_lag(&consumer->partitions, consumer->client,
                                                   consumer->config->topic));
}

static bool subscribe(struct event_consumer *consumer)
{
    static const struct kafka_setting fixed[] = {
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"allow.auto.create.topics", "false"},
        {"partition.assignment.strategy", "range"},
        {"auto.offset.reset", "earliest"},
        {"isolation.level", "read_committed"},
        {NULL, NULL},
    };
    const struct kafka_setting defaults[] = {
        {"client.id", consumer->config->client_id},
        {"session.timeout.ms", "10000"},
        {"fetch.wait.max.ms", "100"},
        {"queued.max.messages.kbytes", "8192"},
        {"reconnect.backoff.max.ms", "2000"},
        {NULL, NULL},
    };
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    char error[512];
    rd_kafka_conf_t *conf =
        kafka_conf_new(consumer->config->kafka, defaults, fixed, error, sizeof error);

    if (!conf)
        goto err0;
    rd_kafka_conf_set_opaque(conf, consumer);
    rd_kafka_conf_set_rebalance_cb(conf, change_assignment);
    if (rd_kafka_conf_set(conf, "group.id", consumer->config->group, error, sizeof error) !=
        RD_KAFKA_CONF_OK)
        goto err1;
    consumer->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!consumer->client)
        goto err1;
    rd_kafka_poll_set_consumer(consumer->client);
    rd_kafka_topic_partition_list_add(topics, consumer->config->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(consumer->client, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return true;

err1:
    rd_kafka_conf_destroy(conf);
err0:
    rd_kafka_topic_partition_list_destroy(topics);
    log_error("start_failed", "%s", error);
    return false;
}

int event_consumer_run(const struct event_consumer_config *config, const struct event_sink *sink,
                       struct service *service)
{
    struct event_consumer consumer = {
        .config = config,
        .sink = sink,
        .service = service,
        .rest_us = REST_MIN_US,
        .status = EX_OK,
        .batch = {.capacity = (size_t)config->batch_max},
    };

    consumer.taken = metric_counter("coupon_events_taken_total", "Events that were taken.", NULL);
    consumer.unreadable = metric_counter("coupon_events_unreadable_total",
                                         "Records that are no event and were passed over.", NULL);
    consumer.failures = metric_counter("coupon_events_failures_total",
                                       "Attempts to take a batch that failed.", NULL);
    consumer.lag = metric_gauge("coupon_events_lag_records",
                                "Records behind the last one that was taken; transactions "
                                "leave some that nobody gets to see.",
                                NULL);
    consumer.batch.items = calloc(consumer.batch.capacity, sizeof *consumer.batch.items);
    CHECK(consumer.batch.items, "out of memory");
    if (subscribe(&consumer)) {
        log_info("started", "group %s reads %s", config->group, config->topic);
        while (!service_stopping(service) && consumer.status == EX_OK)
            turn(&consumer);
        hand_over(&consumer);
        clear_batch(&consumer);
        rd_kafka_consumer_close(consumer.client);
        rd_kafka_destroy(consumer.client);
    } else {
        consumer.status = EX_CONFIG;
    }
    event_partitions_clear(&consumer.partitions);
    free(consumer.batch.items);
    return consumer.status;
}
