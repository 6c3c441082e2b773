#include "issue-worker/result_publisher.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/metrics/metrics.h"
#include "issue-worker/redis_session.h"

#define QUEUE_MAX 64 /* publications, so at most that many batches of results in memory */
/* Older ones are not written: "caught up" is said of a moment, and gateways that count on hearing
 * it soon (issue_producer_settle_ms is their margin) would hear it too late to be true. */
#define AGE_MAX_US INT64_C(2000000)

static const double seconds[] = {0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                 0.025,   0.05,   0.1,   0.25,   0.5,   1};

struct queued {
    struct publication *publication;
    int64_t since_us;
};

struct result_publisher {
    int64_t result_ttl_s;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct queued queue[QUEUE_MAX]; /* ring, under lock */
    size_t first;
    size_t count;
    bool stopping;                 /* under lock */
    struct redis_session *session; /* thread only */
    struct strbuf commands;        /* thread only */
    struct metric *written;
    struct metric *dropped;
    struct metric *exchange;
};

static void write_out(struct result_publisher *publisher, const struct queued *queued)
{
    const struct publication *publication = queued->publication;
    enum redis_session_end end = REDIS_SESSION_DOWN;
    int64_t began_us = clock_monotonic_us();
    size_t replies;

    if (began_us - queued->since_us < AGE_MAX_US &&
        redis_session_worth_trying(publisher->session)) {
        strbuf_clear(&publisher->commands);
        replies = publication_encode(publication, publisher->result_ttl_s, &publisher->commands);
        end = redis_session_exchange(publisher->session, publisher->commands.data,
                                     publisher->commands.len, replies);
        metric_observe(publisher->exchange, (double)(clock_monotonic_us() - began_us) / 1e6);
    }
    metric_add(end == REDIS_SESSION_DONE ? publisher->written : publisher->dropped,
               publication->result_count);
}

/* False: there is nothing, and it is time to stop. */
static bool take(struct result_publisher *publisher, struct queued *queued)
{
    bool taken;

    pthread_mutex_lock(&publisher->lock);
    while (publisher->count == 0 && !publisher->stopping)
        pthread_cond_wait(&publisher->wake, &publisher->lock);
    taken = publisher->count > 0;
    if (taken) {
        *queued = publisher->queue[publisher->first];
        publisher->first = (publisher->first + 1) % QUEUE_MAX;
        publisher->count--;
    }
    pthread_mutex_unlock(&publisher->lock);
    return taken;
}

static void *run(void *cookie)
{
    struct result_publisher *publisher = cookie;
    struct queued queued;

    while (take(publisher, &queued)) {
        write_out(publisher, &queued);
        publication_free(queued.publication);
    }
    return NULL;
}

struct result_publisher *result_publisher_start(const struct redis_options *options,
                                                int64_t result_ttl_s)
{
    struct result_publisher *publisher = calloc(1, sizeof *publisher);

    CHECK(publisher, "out of memory");
    publisher->session = redis_session_new(options, "going on without, results are in MySQL");
    publisher->result_ttl_s = result_ttl_s;
    publisher->written =
        metric_counter("coupon_worker_results_published_total", "Results written to Redis.", NULL);
    publisher->dropped = metric_counter("coupon_worker_results_unpublished_total",
                                        "Results not written to Redis; MySQL has them.", NULL);
    publisher->exchange = metric_histogram("coupon_worker_redis_exchange_duration_seconds",
                                           "Time of an exchange with Redis, failed ones too.", NULL,
                                           seconds, sizeof seconds / sizeof seconds[0]);
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
        oldest = publisher->queue[publisher->first].publication;
        publisher->first = (publisher->first + 1) % QUEUE_MAX;
        publisher->count--;
    }
    publisher->queue[(publisher->first + publisher->count) % QUEUE_MAX] =
        (struct queued){publication, clock_monotonic_us()};
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
    redis_session_free(publisher->session);
    strbuf_free(&publisher->commands);
    pthread_cond_destroy(&publisher->wake);
    pthread_mutex_destroy(&publisher->lock);
    free(publisher);
}
