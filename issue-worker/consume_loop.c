#include "issue-worker/consume_loop_parts.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/mysql/sql_session.h"

#define IDLE_WAIT_MS 100
#define PLACE_INTERVAL_US 1000000

static bool read_fences(void *cookie, const int32_t *partitions, size_t count,
                        int64_t *next_offsets)
{
    struct consume_loop *loop = cookie;
    struct sql_fault fault;
    bool known;

    loop->assigning = true;
    known = issue_transaction_fences(loop->transaction, partitions, count, next_offsets, &fault);
    loop->assigning = false;
    if (known)
        return true;
    log_warn("fence_unknown", "%s; going by Kafka's committed offsets until it can be read",
             fault.text);
    return false;
}

/* Where the next records go: behind those that are collected already. Only while these are being
 * decided that is another batch; whatever else asks the database has them in loop->batch. */
static struct issue_batch *collecting(const struct consume_loop *loop)
{
    return loop->deciding ? loop->other : loop->batch;
}

static void publish_and_collect(void *cookie)
{
    struct consume_loop *loop = cookie;

    consume_publish(loop);
    issue_consumer_collect(loop->consumer, collecting(loop), 0, loop->config->batch_age_ms * 1000);
}

/* The database or the dead-letter topic is slow: stay a member of the group meanwhile, collecting
 * while there is room. Not from inside the client's own callback, in which fences are read. */
static void serve_group(void *cookie)
{
    struct consume_loop *loop = cookie;

    if (loop->assigning)
        return;
    consume_publish(loop);
    if (!loop->held && !issue_batch_full(collecting(loop))) {
        publish_and_collect(loop);
        return;
    }
    consume_hold(loop, FAILURE_OUTAGE);
    issue_consumer_wait(loop->consumer, 1);
}

static void drop_batches(void *cookie)
{
    struct consume_loop *loop = cookie;

    consume_publish(loop);
    consume_forget(loop);
    worker_metrics_revoked(loop->metrics);
    issue_batch_clear(loop->other);
    if (loop->deciding)
        loop->revoked = true;
    else
        issue_batch_clear(loop->batch);
}

static bool is_stopping(void *cookie)
{
    struct consume_loop *loop = cookie;

    return atomic_load(&loop->stopping);
}

/* Partitions that came while the database was away are read from their fences as soon as it answers
 * and nothing else is at hand: an idle one would never be told of. */
static void place(struct consume_loop *loop)
{
    int64_t now_us = clock_monotonic_us();

    if (issue_consumer_positioned(loop->consumer) || now_us < loop->place_us)
        return;
    loop->place_us = now_us + PLACE_INTERVAL_US;
    consume_publish(loop);
    if (loop->batch->count == 0 && loop->other->count == 0)
        consume_rewind(loop);
}

static void *run(void *cookie)
{
    struct consume_loop *loop = cookie;

    while (!atomic_load(&loop->stopping) && loop->stop == FAILURE_STOP_NONE) {
        issue_consumer_collect(loop->consumer, loop->batch, loop->unpublished ? 0 : IDLE_WAIT_MS,
                               loop->config->batch_age_ms * 1000);
        if (loop->batch->count == 0)
            consume_publish(loop);
        consume_decide(loop);
        place(loop);
        consume_publish_progress(loop);
        consume_reconcile(loop);
        if (loop->stop == FAILURE_STOP_NONE)
            loop->stop = issue_consumer_stopped(loop->consumer);
        atomic_store(&loop->ready, issue_consumer_joined(loop->consumer));
    }
    atomic_store(&loop->ready, false);
    consume_publish(loop);
    consume_forget(loop);
    issue_batch_clear(loop->batch);
    issue_batch_clear(loop->other);
    issue_consumer_free(loop->consumer);
    issue_transaction_free(loop->transaction);
    sql_thread_stop();
    atomic_store(&loop->ended, true);
    return NULL;
}

struct consume_loop *consume_loop_start(const struct worker_config *config,
                                        const struct batch_body *body,
                                        struct result_publisher *publisher, int member, char *error,
                                        size_t error_size)
{
    struct consume_loop *loop = calloc(1, sizeof *loop);
    struct issue_consumer_hooks hooks = {read_fences, drop_batches, is_stopping, loop};
    struct issue_transaction_hook hook = {publish_and_collect, serve_group, loop};

    CHECK(loop, "out of memory");
    loop->config = config;
    loop->body = body;
    loop->publisher = publisher;
    loop->random = (uint32_t)clock_monotonic_us() | 1;
    loop->metrics = worker_metrics_new(config->kafka.topic, config->group);
    loop->batch = issue_batch_new((size_t)config->batch_max, issue_consumer_release);
    loop->other = issue_batch_new((size_t)config->batch_max, issue_consumer_release);
    loop->batch->body = loop->other->body = body;
    loop->dead_letter = dead_letter_new(&config->kafka, config->group, error, error_size);
    if (!loop->dead_letter)
        goto err0;
    loop->transaction =
        issue_transaction_new(&config->sql, config->kafka.topic, strcmp(config->events, "on") == 0,
                              loop->dead_letter, body, &hook);
    loop->consumer =
        issue_consumer_new(&config->kafka, config->group, member, &hooks, error, error_size);
    if (!loop->consumer)
        goto err1;
    CHECK(pthread_create(&loop->thread, NULL, run, loop) == 0, "no thread");
    return loop;

err1:
    issue_transaction_free(loop->transaction);
    dead_letter_free(loop->dead_letter);
err0:
    issue_batch_free(loop->batch);
    issue_batch_free(loop->other);
    issue_batch_view_free(&loop->part);
    worker_metrics_free(loop->metrics);
    free(loop);
    return NULL;
}

void consume_loop_stop(struct consume_loop *loop)
{
    atomic_store(&loop->stopping, true);
}

int consume_loop_join(struct consume_loop *loop)
{
    int status;

    pthread_join(loop->thread, NULL);
    status = failure_stop_status(loop->stop);
    dead_letter_free(loop->dead_letter);
    issue_batch_free(loop->batch);
    issue_batch_free(loop->other);
    issue_batch_view_free(&loop->part);
    worker_metrics_free(loop->metrics);
    free(loop);
    return status;
}

bool consume_loop_ready(const struct consume_loop *loop)
{
    return atomic_load(&loop->ready);
}

bool consume_loop_ended(const struct consume_loop *loop)
{
    return atomic_load(&loop->ended);
}
