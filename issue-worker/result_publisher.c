#include "issue-worker/result_publisher.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <hiredis.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/metrics/metrics.h"

#define QUEUE_MAX 64 /* publications, so at most that many batches of results in memory */
#define RECONNECT_MIN_US 50000
#define RECONNECT_MAX_US 2000000

struct result_publisher {
    const struct redis_options *options;
    int64_t result_ttl_s;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct publication *queue[QUEUE_MAX]; /* ring, under lock */
    size_t first;
    size_t count;
    bool stopping;       /* under lock */
    redisContext *redis; /* thread only; NULL: not connected */
    int64_t retry_us;
    int64_t backoff_us;
    struct strbuf commands;
    struct metric *written;
    struct metric *dropped;
};

static void disconnect(struct result_publisher *publisher, const char *what)
{
    int64_t now_us = clock_monotonic_us();

    log_warn("redis_unavailable", "%s: %s; going on without, results are in MySQL", what,
             publisher->redis ? publisher->redis->errstr : "out of memory");
    if (publisher->redis)
        redisFree(publisher->redis);
    publisher->redis = NULL;
    publisher->backoff_us = publisher->backoff_us ? 2 * publisher->backoff_us : RECONNECT_MIN_US;
    if (publisher->backoff_us > RECONNECT_MAX_US)
        publisher->backoff_us = RECONNECT_MAX_US;
    publisher->retry_us = now_us + publisher->backoff_us;
}

static bool connect(struct result_publisher *publisher)
{
    const struct redis_options *options = publisher->options;
    struct timeval timeout = {.tv_sec = options->timeout_ms / 1000,
                              .tv_usec = (options->timeout_ms % 1000) * 1000};

    if (publisher->redis)
        return true;
    if (clock_monotonic_us() < publisher->retry_us)
        return false;
    publisher->redis = redisConnectWithTimeout(options->host, (int)options->port, timeout);
    if (!publisher->redis || publisher->redis->err ||
        redisSetTimeout(publisher->redis, timeout) != REDIS_OK) {
        disconnect(publisher, "connect");
        return false;
    }
    return true;
}

static void write_out(struct result_publisher *publisher, const struct publication *publication)
{
    size_t replies;

    if (!connect(publisher)) {
        metric_add(publisher->dropped, publication->result_count);
        return;
    }
    strbuf_clear(&publisher->commands);
    replies = publication_encode(publication, publisher->result_ttl_s, &publisher->commands);
    redisAppendFormattedCommand(publisher->redis, publisher->commands.data,
                                publisher->commands.len);
    for (size_t i = 0; i < replies; i++) {
        redisReply *reply = NULL;

        if (redisGetReply(publisher->redis, (void **)&reply) != REDIS_OK) {
            disconnect(publisher, "write");
            metric_add(publisher->dropped, publication->result_count);
            return;
        }
        if (reply->type == REDIS_REPLY_ERROR)
            log_warn("redis_refused", "%s", reply->str);
        freeReplyObject(reply);
    }
    publisher->backoff_us = 0;
    metric_add(publisher->written, publication->result_count);
}

static struct publication *take(struct result_publisher *publisher)
{
    struct publication *publication = NULL;

    pthread_mutex_lock(&publisher->lock);
    while (publisher->count == 0 && !publisher->stopping)
        pthread_cond_wait(&publisher->wake, &publisher->lock);
    if (publisher->count > 0) {
        publication = publisher->queue[publisher->first];
        publisher->first = (publisher->first + 1) % QUEUE_MAX;
        publisher->count--;
    }
    pthread_mutex_unlock(&publisher->lock);
    return publication;
}

static void *run(void *cookie)
{
    struct result_publisher *publisher = cookie;
    struct publication *publication;

    while ((publication = take(publisher))) {
        write_out(publisher, publication);
        publication_free(publication);
    }
    return NULL;
}

struct result_publisher *result_publisher_start(const struct redis_options *options,
                                                int64_t result_ttl_s)
{
    struct result_publisher *publisher = calloc(1, sizeof *publisher);

    CHECK(publisher, "out of memory");
    publisher->options = options;
    publisher->result_ttl_s = result_ttl_s;
    publisher->written =
        metric_counter("coupon_worker_results_published_total", "Results written to Redis.", NULL);
    publisher->dropped = metric_counter("coupon_worker_results_unpublished_total",
                                        "Results not written to Redis; MySQL has them.", NULL);
    pthread_mutex_init(&publisher->lock, NULL);
    pthread_cond_init(&publisher->wake, NULL);
    CHECK(pthread_create(&publisher->thread, NULL, run, publisher) == 0, "no thread");
    return publisher;
}

void result_publisher_submit(struct result_publisher *publisher, struct publication *publication)
{
    struct publication *oldest = NULL;

    pthread_mutex_lock(&publisher->lock);
    if (publisher->count == QUEUE_MAX) {
        oldest = publisher->queue[publisher->first];
        publisher->first = (publisher->first + 1) % QUEUE_MAX;
        publisher->count--;
    }
    publisher->queue[(publisher->first + publisher->count) % QUEUE_MAX] = publication;
    publisher->count++;
    pthread_cond_signal(&publisher->wake);
    pthread_mutex_unlock(&publisher->lock);
    if (oldest)
        metric_add(publisher->dropped, oldest->result_count);
    publication_free(oldest);
}

void result_publisher_stop(struct result_publisher *publisher)
{
    if (!publisher)
        return;
    pthread_mutex_lock(&publisher->lock);
    publisher->stopping = true;
    pthread_cond_signal(&publisher->wake);
    pthread_mutex_unlock(&publisher->lock);
    pthread_join(publisher->thread, NULL);
    if (publisher->redis)
        redisFree(publisher->redis);
    strbuf_free(&publisher->commands);
    pthread_cond_destroy(&publisher->wake);
    pthread_mutex_destroy(&publisher->lock);
    free(publisher);
}
