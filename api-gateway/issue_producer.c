#include "api-gateway/issue_producer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <event2/event.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/kafka/kafka_conf.h"

/* Each produce is one of these on its way through librdkafka. */
struct issue_producer {
    const struct kafka_options *options;
    struct event_base *base;
    issue_delivered delivered;
    void (*away)(void *cookie); /* or NULL */
    void *away_cookie;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    rd_kafka_t *retired; /* turned fatal; kept until its reports are in */
    rd_kafka_topic_t *retired_topic;
    rd_kafka_queue_t *retired_queue;
    int wake_fd;
    struct event *wake;
    size_t open;
    struct strbuf key;
    struct strbuf value;
};

/* message.timeout.ms bounds how long a record may wait; what a broker has taken in before that may
 * still be appended a little later. ISSUE_PRODUCER_SETTLE_MS is more than both. */
static const struct kafka_setting defaults[] = {
    {"client.id", "api-gateway"},
    {"linger.ms", "1"},
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

static bool open_client(struct issue_producer *producer, char *error, size_t error_size)
{
    static const uint64_t one = 1;
    rd_kafka_conf_t *conf = kafka_conf_new_producer(producer->options, defaults, error, error_size);

    if (!conf)
        return false;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, error_size);
    if (!producer->client) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    producer->topic = rd_kafka_topic_new(producer->client, producer->options->topic, NULL);
    CHECK(producer->topic, "topic %s: %s", producer->options->topic,
          rd_kafka_err2str(rd_kafka_last_error()));
    producer->queue = rd_kafka_queue_get_main(producer->client);
    rd_kafka_queue_io_event_enable(producer->queue, producer->wake_fd, &one, sizeof one);
    return true;
}

static void close_client(rd_kafka_t *client, rd_kafka_topic_t *topic, rd_kafka_queue_t *queue)
{
    if (!client)
        return;
    rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
}

static void close_retired(struct issue_producer *producer)
{
    close_client(producer->retired, producer->retired_topic, producer->retired_queue);
    producer->retired = NULL;
}

/* An idempotent producer that met a gap in its sequence can't go on; a new one can. */
static void replace_client(struct issue_producer *producer, const char *reason)
{
    char error[256];

    log_error("producer_fatal", "%s; making a new producer", reason);
    close_retired(producer);
    producer->retired = producer->client;
    producer->retired_topic = producer->topic;
    producer->retired_queue = producer->queue;
    CHECK(open_client(producer, error, sizeof error), "no new producer: %s", error);
}

static void report(struct issue_producer *producer, const rd_kafka_message_t *message)
{
    CHECK(producer->open > 0, "a delivery report without a message");
    producer->open--;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer->delivered(message->_private, ISSUE_DELIVERED,
                            (struct result_location){message->partition, message->offset});
        return;
    }
    log_warn("delivery_failed", "partition %" PRId32 ": %s", message->partition,
             rd_kafka_err2str(message->err));
    producer->delivered(message->_private, ISSUE_DELIVERY_UNKNOWN, RESULT_LOCATION_NONE);
}

static void take_error(struct issue_producer *producer, const rd_kafka_t *from,
                       rd_kafka_event_t *event)
{
    char reason[256];

    if (rd_kafka_event_error_is_fatal(event)) {
        rd_kafka_fatal_error(producer->client, reason, sizeof reason);
        if (from == producer->client)
            replace_client(producer, reason);
        return;
    }
    log_warn("kafka_unavailable", "%s", rd_kafka_event_error_string(event));
    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN &&
        from == producer->client && producer->open > 0 && producer->away)
        producer->away(producer->away_cookie);
}

static void take_events(struct issue_producer *producer, const rd_kafka_t *from,
                        rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event;
    const rd_kafka_message_t *message;

    while ((event = rd_kafka_queue_poll(queue, 0))) {
        switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_DR:
            while ((message = rd_kafka_event_message_next(event)))
                report(producer, message);
            break;
        case RD_KAFKA_EVENT_ERROR:
            take_error(producer, from, event);
            break;
        default:
            break;
        }
        rd_kafka_event_destroy(event);
    }
}

static void woken(evutil_socket_t fd, short what, void *cookie)
{
    struct issue_producer *producer = cookie;
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        log_error("eventfd_failed", "%s", strerror(errno));
    if (producer->retired) {
        take_events(producer, producer->retired, producer->retired_queue);
        if (rd_kafka_outq_len(producer->retired) == 0)
            close_retired(producer);
    }
    take_events(producer, producer->client, producer->queue);
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
    producer->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (producer->wake_fd < 0) {
        snprintf(error, error_size, "eventfd: %s", strerror(errno));
        goto err0;
    }
    producer->wake = event_new(base, producer->wake_fd, EV_READ | EV_PERSIST, woken, producer);
    CHECK(producer->wake, "out of memory");
    if (!open_client(producer, error, error_size))
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
    if (!producer)
        return;
    if (producer->open > 0) {
        log_warn("produces_unsettled", "%zu produces have no report; their outcome is unknown",
                 producer->open);
        rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(producer->client, 1000);
        woken(producer->wake_fd, 0, producer);
    }
    event_free(producer->wake);
    close_retired(producer);
    close_client(producer->client, producer->topic, producer->queue);
    close(producer->wake_fd);
    strbuf_free(&producer->key);
    strbuf_free(&producer->value);
    free(producer);
}

bool issue_producer_send(struct issue_producer *producer, const struct issue_request *request,
                         void *cookie)
{
    strbuf_clear(&producer->key);
    strbuf_add_u64(&producer->key, request->coupon_id);
    strbuf_clear(&producer->value);
    issue_request_encode(request, &producer->value);
    if (rd_kafka_produce(producer->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                         producer->value.data, producer->value.len, producer->key.data,
                         producer->key.len, cookie) != 0) {
        log_warn("produce_refused", "%s", rd_kafka_err2str(rd_kafka_last_error()));
        return false;
    }
    producer->open++;
    return true;
}

void issue_producer_on_away(struct issue_producer *producer, void (*away)(void *cookie),
                            void *cookie)
{
    producer->away = away;
    producer->away_cookie = cookie;
}

size_t issue_producer_open(const struct issue_producer *producer)
{
    return producer->open;
}
