#include "api-gateway/issue_producer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>
#include <event2/event.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_fault.h"
#include "common/kafka/kafka_partition.h"

#define SETTLE_MARGIN_MS 5000
#define REPORTS_AT_ONCE 128
#define REPORTS_AHEAD 4

struct producer_client {
    rd_kafka_t *handle;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    TAILQ_ENTRY(producer_client) next;
};

struct issue_producer {
    const struct kafka_options *options;
    struct event_base *base;
    issue_delivered delivered;
    void (*upcoming)(void *cookie); /* or NULL */
    void (*away)(void *cookie);     /* or NULL */
    void *away_cookie;
    struct producer_client *client;
    TAILQ_HEAD(, producer_client) retired; /* turned fatal; each kept until its reports are in */
    int64_t settle_ms;
    int wake_fd;
    struct event *wake;
    size_t open;
    int64_t report_us; /* monotonic time of the event whose reports are taken */
    struct strbuf key;
    struct strbuf value;
};

/* message.timeout.ms bounds how long a record may wait for its report. README.md has the reasons of
 * the others. */
static const struct kafka_setting defaults[] = {
    {"client.id", "api-gateway"},
    {"linger.ms", "5"},
    {"message.timeout.ms", "5000"},
    {"request.timeout.ms", "4000"},
    {"socket.timeout.ms", "5000"},
    {"queue.buffering.max.messages", "100000"},
    {"queue.buffering.max.kbytes", "65536"},
    {"reconnect.backoff.max.ms", "1000"},
    {"topic.metadata.refresh.interval.ms", "30000"},
    {"socket.keepalive.enable", "true"},
    {NULL, NULL},
};

static int64_t number_of(const rd_kafka_conf_t *conf, const char *name)
{
    char text[32];
    size_t size = sizeof text;

    CHECK(rd_kafka_conf_get(conf, name, text, &size) == RD_KAFKA_CONF_OK, "property %s", name);
    return strtoll(text, NULL, 10);
}

/* A record that was sent just before its time was over is in a broker's hands for as long as its
 * connection lasts, and for a moment more. */
static int64_t settle_ms_of(const rd_kafka_conf_t *conf)
{
    return number_of(conf, "message.timeout.ms") + number_of(conf, "socket.timeout.ms") +
           SETTLE_MARGIN_MS;
}

static struct producer_client *open_client(struct issue_producer *producer, char *error,
                                           size_t error_size)
{
    static const uint64_t one = 1;
    rd_kafka_conf_t *conf = kafka_conf_new_producer(producer->options, defaults, error, error_size);
    struct producer_client *client;

    if (!conf)
        return NULL;
    producer->settle_ms = settle_ms_of(conf);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    client = calloc(1, sizeof *client);
    CHECK(client, "out of memory");
    client->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, error_size);
    if (!client->handle) {
        rd_kafka_conf_destroy(conf);
        free(client);
        return NULL;
    }
    client->topic = rd_kafka_topic_new(client->handle, producer->options->topic, NULL);
    CHECK(client->topic, "topic %s: %s", producer->options->topic,
          rd_kafka_err2str(rd_kafka_last_error()));
    client->queue = rd_kafka_queue_get_main(client->handle);
    rd_kafka_queue_io_event_enable(client->queue, producer->wake_fd, &one, sizeof one);
    return client;
}

static void close_client(struct producer_client *client)
{
    rd_kafka_queue_io_event_enable(client->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(client->queue);
    rd_kafka_topic_destroy(client->topic);
    rd_kafka_destroy(client->handle);
    free(client);
}

/* An idempotent producer that met a gap in its sequence can't go on; a new one can. */
static void replace_client(struct issue_producer *producer)
{
    char text[256];

    rd_kafka_fatal_error(producer->client->handle, text, sizeof text);
    log_error("producer_fatal", "%s; making a new producer", text);
    TAILQ_INSERT_TAIL(&producer->retired, producer->client, next);
    producer->client = open_client(producer, text, sizeof text);
    CHECK(producer->client, "no new producer: %s", text);
}

static void report(struct issue_producer *producer, const rd_kafka_message_t *message)
{
    const char *advice;

    CHECK(producer->open > 0, "a delivery report without a message");
    producer->open--;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer->delivered(message->_private, ISSUE_DELIVERED,
                            (struct result_location){message->partition, message->offset});
        return;
    }
    advice = kafka_fault_advice(message->err);
    log_warn("delivery_failed", "partition %" PRId32 ": %s%s%s", message->partition,
             rd_kafka_err2str(message->err), advice ? "; " : "", advice ? advice : "");
    producer->delivered(message->_private, ISSUE_DELIVERY_UNKNOWN, RESULT_LOCATION_NONE);
}

static void take_error(struct issue_producer *producer, const struct producer_client *client,
                       rd_kafka_event_t *event)
{
    if (rd_kafka_event_error_is_fatal(event)) {
        if (client == producer->client)
            replace_client(producer);
        return;
    }
    log_warn("kafka_unavailable", "%s", rd_kafka_event_error_string(event));
    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN &&
        client == producer->client && producer->open > 0 && producer->away)
        producer->away(producer->away_cookie);
}

/* Reports come by the hundred, each about a request that left the processor's caches while Kafka
 * had its record. Asked for ahead, it is there when its turn comes: first the cookie, then what the
 * cookie leads to. */
static void take_reports(struct issue_producer *producer, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *messages[REPORTS_AT_ONCE];
    size_t count;

    producer->report_us = clock_monotonic_us();
    while ((count = rd_kafka_event_message_array(event, messages, REPORTS_AT_ONCE)) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (i + 2 * REPORTS_AHEAD < count)
                __builtin_prefetch(messages[i + 2 * REPORTS_AHEAD]->_private);
            if (i + REPORTS_AHEAD < count && producer->upcoming)
                producer->upcoming(messages[i + REPORTS_AHEAD]->_private);
            report(producer, messages[i]);
        }
    }
}

static void take_events(struct issue_producer *producer, struct producer_client *client)
{
    rd_kafka_event_t *event;

    while ((event = rd_kafka_queue_poll(client->queue, 0))) {
        switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_DR:
            take_reports(producer, event);
            break;
        case RD_KAFKA_EVENT_ERROR:
            take_error(producer, client, event);
            break;
        default:
            break;
        }
        rd_kafka_event_destroy(event);
    }
}

static void take_all_events(struct issue_producer *producer)
{
    struct producer_client *retired;
    struct producer_client *next;

    for (retired = TAILQ_FIRST(&producer->retired); retired; retired = next) {
        next = TAILQ_NEXT(retired, next);
        take_events(producer, retired);
        if (rd_kafka_outq_len(retired->handle) == 0) {
            TAILQ_REMOVE(&producer->retired, retired, next);
            close_client(retired);
        }
    }
    take_events(producer, producer->client);
}

static void woken(evutil_socket_t fd, short what, void *cookie)
{
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        log_error("eventfd_failed", "%s", strerror(errno));
    take_all_events(cookie);
}

static void give_up(const struct producer_client *client)
{
    rd_kafka_purge(client->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client->handle, 1000);
}

struct issue_producer *issue_producer_new(struct event_base *base,
                                          const struct kafka_options *options,
                                          issue_delivered delivered, char *error, size_t error_size)
{
    struct issue_producer *producer = calloc(1, sizeof *producer);

    CHECK(producer, "out of memory");
    producer->base = base;
    producer->options = options;
    producer->delivered = delivered;
    TAILQ_INIT(&producer->retired);
    producer->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (producer->wake_fd < 0) {
        snprintf(error, error_size, "eventfd: %s", strerror(errno));
        goto err0;
    }
    producer->wake = event_new(base, producer->wake_fd, EV_READ | EV_PERSIST, woken, producer);
    CHECK(producer->wake, "out of memory");
    producer->client = open_client(producer, error, error_size);
    if (!producer->client)
        goto err1;
    event_add(producer->wake, NULL);
    return producer;

err1:
    event_free(producer->wake);
    close(producer->wake_fd);
err0:
    free(producer);
    return NULL;
}

void issue_producer_free(struct issue_producer *producer)
{
    struct producer_client *retired;

    if (!producer)
        return;
    if (producer->open > 0) {
        log_warn("produces_unsettled", "%zu produces have no report; their outcome is unknown",
                 producer->open);
        TAILQ_FOREACH (retired, &producer->retired, next)
            give_up(retired);
        give_up(producer->client);
        take_all_events(producer);
    }
    event_free(producer->wake);
    while ((retired = TAILQ_FIRST(&producer->retired))) {
        TAILQ_REMOVE(&producer->retired, retired, next);
        close_client(retired);
    }
    close_client(producer->client);
    close(producer->wake_fd);
    strbuf_free(&producer->key);
    strbuf_free(&producer->value);
    free(producer);
}

/* The short way is for requests without a trace, which are nearly all. */
static rd_kafka_resp_err_t produce(struct issue_producer *producer,
                                   const struct issue_request *request, int32_t partition,
                                   void *cookie)
{
    const struct strbuf *key = &producer->key;
    const struct strbuf *value = &producer->value;

    if (!request->traceparent[0])
        return rd_kafka_produce(producer->client->topic, partition, RD_KAFKA_MSG_F_COPY,
                                value->data, value->len, key->data, key->len, cookie) == 0
                   ? RD_KAFKA_RESP_ERR_NO_ERROR
                   : rd_kafka_last_error();
    return rd_kafka_producev(
        producer->client->handle, RD_KAFKA_V_RKT(producer->client->topic),
        RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE(value->data, value->len), RD_KAFKA_V_KEY(key->data, key->len),
        RD_KAFKA_V_HEADER(TRACEPARENT_HEADER, request->traceparent, -1), RD_KAFKA_V_OPAQUE(cookie),
        RD_KAFKA_V_END);
}

bool issue_producer_send(struct issue_producer *producer, const struct issue_request *request,
                         int32_t partitions, void *cookie)
{
    rd_kafka_resp_err_t error;

    if (partitions <= 0)
        return false;
    strbuf_clear(&producer->key);
    strbuf_add_u64(&producer->key, request->coupon_id);
    strbuf_clear(&producer->value);
    issue_request_encode(request, &producer->value);
    error = produce(producer, request, kafka_partition_of_coupon(request->coupon_id, partitions),
                    cookie);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_warn("produce_refused", "%s", rd_kafka_err2str(error));
        return false;
    }
    producer->open++;
    return true;
}

void issue_producer_on_upcoming(struct issue_producer *producer, void (*upcoming)(void *cookie))
{
    producer->upcoming = upcoming;
}

void issue_producer_on_away(struct issue_producer *producer, void (*away)(void *cookie),
                            void *cookie)
{
    producer->away = away;
    producer->away_cookie = cookie;
}

int64_t issue_producer_report_us(const struct issue_producer *producer)
{
    return producer->report_us;
}

size_t issue_producer_open(const struct issue_producer *producer)
{
    return producer->open;
}

int64_t issue_producer_settle_ms(const struct issue_producer *producer)
{
    return producer->settle_ms;
}
