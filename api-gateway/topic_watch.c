#include "api-gateway/topic_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <librdkafka/rdkafka.h>

#include "api-gateway/queue_watch.h"
#include "api-gateway/quiet_thread.h"
#include "api-gateway/topic_layout.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_conf.h"
#include "common/metrics/metrics.h"
#include "common/mysql/sql_session.h"

#define ANSWER_TIMEOUT_MS 2000
#define SEARCH_INTERVAL_US 1000000 /* until the topic is found */
#define WATCH_INTERVAL_US 30000000
#define QUEUE_INTERVAL_US 2000000

struct topic_watch {
    const struct sql_options *sql;
    const char *topic;
    rd_kafka_t *client;
    rd_kafka_topic_t *handle;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping; /* under lock */
    atomic_int partitions;
    int32_t settled;           /* thread only: topic_layout.h; 0: not known */
    int32_t last_count;        /* thread only: as it was last seen; 0: never seen */
    bool told_missing;         /* thread only */
    struct queue_watch *queue; /* thread only */
    struct metric *used;
    struct metric *existing;
};

static void topic_missing(struct topic_watch *watch)
{
    if (!watch->told_missing)
        log_warn("topic_missing", "Kafka has no topic %s: create it; looking again every second",
                 watch->topic);
    watch->told_missing = true;
    atomic_store(&watch->partitions, 0);
    metric_set(watch->existing, 0);
}

/* Requests go on to the partitions that were settled, so that their order holds. */
static void tell_count(const struct topic_watch *watch, int32_t count)
{
    if (count == watch->settled)
        log_info("topic_found", "topic %s has %d partitions", watch->topic, count);
    else if (count > watch->settled)
        log_error(
            "topic_partitions_added",
            "topic %s has %d partitions, and requests go on to the first %d of them: over more, "
            "a coupon's requests would not be decided in the order of their arrival. Other "
            "producers must be stopped. To use them all: stop the gateways, wait until all is "
            "decided, delete the topic's row from topic_layout, start the gateways",
            watch->topic, count, watch->settled);
    else
        log_error(
            "topic_partitions_missing",
            "topic %s has %d partitions, and requests are spread over %d: nothing is accepted. "
            "If it was made anew, delete its row from topic_layout",
            watch->topic, count, watch->settled);
}

static void topic_found(struct topic_watch *watch, int32_t count)
{
    struct sql_fault fault;

    if (watch->settled == 0)
        watch->settled = topic_layout_settle(watch->sql, watch->topic, count, &fault);
    if (watch->settled == 0) {
        log_warn("topic_layout_unknown", "error %u: %s; asking again every second", fault.code,
                 fault.text);
        return;
    }
    if (watch->last_count != count || watch->told_missing)
        tell_count(watch, count);
    watch->told_missing = false;
    watch->last_count = count;
    metric_set(watch->used, watch->settled);
    metric_set(watch->existing, count);
    atomic_store(&watch->partitions, count < watch->settled ? 0 : watch->settled);
}

/* Without an answer what is known stays so; the client itself logs why. */
static void ask(struct topic_watch *watch)
{
    const struct rd_kafka_metadata *metadata;
    const struct rd_kafka_metadata_topic *topic;

    if (rd_kafka_metadata(watch->client, 0, watch->handle, &metadata, ANSWER_TIMEOUT_MS) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    topic = metadata->topic_cnt == 1 ? &metadata->topics[0] : NULL;
    if (topic && topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        topic_missing(watch);
    else if (topic && topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && topic->partition_cnt > 0)
        topic_found(watch, topic->partition_cnt);
    rd_kafka_metadata_destroy(metadata);
}

/* False: it is time to stop. */
static bool rest(struct topic_watch *watch, int64_t duration_us)
{
    int64_t until_us = clock_monotonic_us() + duration_us;
    struct timespec until = {until_us / 1000000, (until_us % 1000000) * 1000};
    int error = 0;
    bool stopping;

    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping && error == 0)
        error = pthread_cond_clockwait(&watch->wake, &watch->lock, CLOCK_MONOTONIC, &until);
    stopping = watch->stopping;
    pthread_mutex_unlock(&watch->lock);
    return !stopping;
}

static void *watch_thread(void *cookie)
{
    struct topic_watch *watch = cookie;
    int64_t ask_us = 0;
    bool found;

    do {
        rd_kafka_poll(watch->client, 0);
        if (clock_monotonic_us() >= ask_us) {
            ask(watch);
            ask_us = clock_monotonic_us() + WATCH_INTERVAL_US;
        }
        found = topic_watch_partitions(watch) > 0;
        if (found)
            queue_watch_look(watch->queue, watch->last_count);
        else
            ask_us = 0;
    } while (rest(watch, found ? QUEUE_INTERVAL_US : SEARCH_INTERVAL_US));
    queue_watch_free(watch->queue);
    sql_thread_stop();
    return NULL;
}

static void make_metrics(struct topic_watch *watch)
{
    static const char name[] = "coupon_gateway_topic_partitions";
    static const char help[] = "Partitions of the request topic: those that requests are spread "
                               "over, and those that Kafka has.";

    watch->used = metric_gauge(name, help, "state=\"used\"");
    watch->existing = metric_gauge(name, help, "state=\"existing\"");
}

struct topic_watch *topic_watch_start(const struct kafka_options *options,
                                      const struct sql_options *sql, char *error, size_t error_size)
{
    static const struct kafka_setting defaults[] = {
        {"client.id", "api-gateway-topic-watch"},
        {NULL, NULL},
    };
    static const struct kafka_setting fixed[] = {
        {"allow.auto.create.topics", "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(options, defaults, fixed, error, error_size);
    struct topic_watch *watch;

    if (!conf)
        return NULL;
    watch = calloc(1, sizeof *watch);
    CHECK(watch, "out of memory");
    watch->sql = sql;
    watch->topic = options->topic;
    watch->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, error_size);
    if (!watch->client) {
        rd_kafka_conf_destroy(conf);
        goto err0;
    }
    watch->handle = rd_kafka_topic_new(watch->client, options->topic, NULL);
    if (!watch->handle) {
        snprintf(error, error_size, "topic %s: %s", options->topic,
                 rd_kafka_err2str(rd_kafka_last_error()));
        goto err1;
    }
    make_metrics(watch);
    watch->queue = queue_watch_new(watch->client, watch->topic, sql);
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->wake, NULL);
    quiet_thread_start(&watch->thread, watch_thread, watch);
    return watch;

err1:
    rd_kafka_destroy(watch->client);
err0:
    free(watch);
    return NULL;
}

void topic_watch_stop(struct topic_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    rd_kafka_topic_destroy(watch->handle);
    rd_kafka_destroy(watch->client);
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

int32_t topic_watch_partitions(const struct topic_watch *watch)
{
    return atomic_load(&watch->partitions);
}
