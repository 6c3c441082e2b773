#include "issue-worker/consume_loop.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/mysql/sql_session.h"
#include "issue-worker/dead_letter.h"
#include "issue-worker/issue_consumer.h"
#include "issue-worker/issue_transaction.h"
#include "issue-worker/worker_metrics.h"

#define IDLE_WAIT_MS 100
#define AGAIN_MIN_MS 5
#define OUTAGE_MIN_MS 100
#define BACKOFF_MAX_MS 3000
#define MAX_PARTITIONS 1024

struct consume_loop {
    const struct worker_config *config;
    struct result_publisher *publisher;
    struct dead_letter *dead_letter;
    struct issue_transaction *transaction;
    struct issue_consumer *consumer;
    /* While the database writes one batch, the one before it is published and the next one
     * collected. */
    struct issue_batch *batch;       /* the one to decide */
    struct issue_batch *other;       /* the one before it, then the next one */
    struct publication *unpublished; /* of other, which is committed; NULL: other is the next one */
    int64_t committed_ms;
    bool deciding; /* batch is in its transaction */
    bool revoked;  /* batch is not ours any more: don't try it again */
    struct worker_metrics *metrics;
    pthread_t thread;
    atomic_bool stopping;
    atomic_bool ready;
    atomic_bool ended;
    bool failed;
    bool database_away;
};

static bool read_fences(void *cookie, const int32_t *partitions, size_t count,
                        int64_t *next_offsets)
{
    struct consume_loop *loop = cookie;
    struct sql_fault fault;

    if (issue_transaction_fences(loop->transaction, partitions, count, next_offsets, &fault) ==
        ISSUE_TRANSACTION_DONE)
        return true;
    log_warn("fence_unknown",
             "%s; beginning at Kafka's committed offsets, the fence is checked later", fault.text);
    return false;
}

/* batch is committed: it becomes the other one, and what is left to be told of it is kept for
 * publish. */
static void keep_committed(struct consume_loop *loop, int64_t now_ms)
{
    struct issue_batch *committed = loop->batch;
    struct publication *publication = publication_new();
    const struct issue_sold_out *sold_out;
    size_t count;

    CHECK(!loop->unpublished, "the batch before is not published");
    for (size_t i = 0; i < committed->span_count; i++)
        publication_add_progress(publication, loop->config->kafka.topic,
                                 committed->spans[i].partition, committed->spans[i].next_offset,
                                 false);
    sold_out = issue_transaction_sold_out(loop->transaction, &count);
    for (size_t i = 0; i < count; i++)
        publication_add_sold_out(publication, sold_out[i].coupon_id, sold_out[i].total_stock);
    loop->unpublished = publication;
    loop->committed_ms = now_ms;
    loop->batch = loop->other;
    loop->other = committed;
}

static void publish(struct consume_loop *loop)
{
    if (!loop->unpublished)
        return;
    issue_consumer_commit(loop->consumer, loop->other);
    publication_add_results(loop->unpublished, loop->other, loop->committed_ms);
    result_publisher_submit(loop->publisher, loop->unpublished);
    loop->unpublished = NULL;
    issue_batch_clear(loop->other);
}

static void publish_and_collect(void *cookie)
{
    struct consume_loop *loop = cookie;

    publish(loop);
    issue_consumer_collect(loop->consumer, loop->other, 0, loop->config->batch_age_ms * 1000);
}

static void drop_batches(void *cookie)
{
    struct consume_loop *loop = cookie;

    publish(loop);
    issue_batch_clear(loop->other);
    if (loop->deciding)
        loop->revoked = true;
    else
        issue_batch_clear(loop->batch);
}

/* Whatever comes of it, the batch before is published then. */
static enum issue_transaction_end run_transaction(struct consume_loop *loop, int64_t *now_ms,
                                                  struct sql_fault *fault)
{
    enum issue_transaction_end end;

    loop->deciding = true;
    loop->revoked = false;
    end = issue_transaction_run(loop->transaction, loop->batch, now_ms, fault);
    loop->deciding = false;
    publish(loop);
    return end;
}

static void publish_progress(struct consume_loop *loop)
{
    struct issue_progress progress[MAX_PARTITIONS];
    size_t count = issue_consumer_progress(loop->consumer, progress, MAX_PARTITIONS);
    struct publication *publication = NULL;

    for (size_t i = 0; i < count; i++) {
        worker_metrics_lag(loop->metrics, &progress[i]);
        if (!progress[i].caught_up)
            continue;
        if (!publication)
            publication = publication_new();
        publication_add_progress(publication, loop->config->kafka.topic, progress[i].partition,
                                 progress[i].next_offset, true);
    }
    if (publication)
        result_publisher_submit(loop->publisher, publication);
}

/* Half to the whole of the wait, so that workers don't come back all at once. */
static int jitter(int wait_ms)
{
    return wait_ms / 2 + (int)(random() % (wait_ms / 2 + 1));
}

static void back_off(struct consume_loop *loop, enum issue_transaction_end end,
                     const struct sql_fault *fault, int *wait_ms)
{
    bool outage = end == ISSUE_TRANSACTION_OUTAGE || end == ISSUE_TRANSACTION_REFUSED;

    worker_metrics_retry(loop->metrics, end);
    if (outage)
        log_error(end == ISSUE_TRANSACTION_OUTAGE ? "database_away" : "statement_refused",
                  "error %u: %s; the batch of %zu waits and is tried again", fault->code,
                  fault->text, loop->batch->count);
    else
        log_warn("batch_again", "error %u: %s", fault->code, fault->text);
    if (outage && !loop->database_away) {
        loop->database_away = true;
        atomic_store(&loop->ready, false);
        issue_consumer_pause(loop->consumer);
    }
    if (*wait_ms < (outage ? OUTAGE_MIN_MS : AGAIN_MIN_MS))
        *wait_ms = outage ? OUTAGE_MIN_MS : AGAIN_MIN_MS;
    if (loop->database_away) {
        issue_consumer_wait(loop->consumer, jitter(*wait_ms));
    } else {
        struct timespec pause = {.tv_nsec = jitter(*wait_ms) * 1000000L % 1000000000L};

        nanosleep(&pause, NULL);
    }
    *wait_ms = 2 * *wait_ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : 2 * *wait_ms;
}

static void database_back(struct consume_loop *loop)
{
    if (!loop->database_away)
        return;
    loop->database_away = false;
    log_info("database_back", "going on");
    issue_consumer_resume(loop->consumer);
}

/* Decide the batch, however long that takes. It ends early, with nothing lost, when the partitions
 * are taken away (the batch is empty then), when the program stops, or when it can't go on. */
static void decide_batch(struct consume_loop *loop)
{
    int wait_ms = 0;

    while (loop->batch->count > 0 && !loop->failed && !issue_consumer_fatal(loop->consumer)) {
        struct sql_fault fault;
        int64_t now_ms;
        int64_t began_us = clock_monotonic_us();
        enum issue_transaction_end end = run_transaction(loop, &now_ms, &fault);

        if (end != ISSUE_TRANSACTION_DONE && loop->revoked) {
            log_warn("batch_dropped", "its partitions were taken away; error %u: %s", fault.code,
                     fault.text);
            issue_batch_clear(loop->batch);
            break;
        }
        switch (end) {
        case ISSUE_TRANSACTION_DONE:
            worker_metrics_batch(loop->metrics, loop->batch, clock_monotonic_us() - began_us);
            keep_committed(loop, now_ms);
            database_back(loop);
            return;
        case ISSUE_TRANSACTION_GAP:
            log_warn("read_from_wrong_offset", "%s; reading again from the fence", fault.text);
            issue_batch_clear(loop->batch);
            issue_batch_clear(loop->other);
            if (!issue_consumer_rewind(loop->consumer))
                log_warn("rewind_failed", "trying again with the next batch");
            break;
        case ISSUE_TRANSACTION_MISFIT:
            log_error("schema_misfit", "%s", fault.text);
            loop->failed = true;
            break;
        case ISSUE_TRANSACTION_AGAIN:
        case ISSUE_TRANSACTION_OUTAGE:
        case ISSUE_TRANSACTION_REFUSED:
            if (atomic_load(&loop->stopping)) {
                log_warn("batch_given_up", "stopping; %zu records are left for the next worker",
                         loop->batch->count);
                issue_batch_clear(loop->batch);
                break;
            }
            back_off(loop, end, &fault, &wait_ms);
        }
    }
    database_back(loop);
}

static void *run(void *cookie)
{
    struct consume_loop *loop = cookie;

    while (!atomic_load(&loop->stopping) && !loop->failed &&
           !issue_consumer_fatal(loop->consumer)) {
        issue_consumer_collect(loop->consumer, loop->batch, loop->unpublished ? 0 : IDLE_WAIT_MS,
                               loop->config->batch_age_ms * 1000);
        if (loop->batch->count == 0)
            publish(loop);
        decide_batch(loop);
        publish_progress(loop);
        atomic_store(&loop->ready, issue_consumer_joined(loop->consumer));
    }
    atomic_store(&loop->ready, false);
    loop->failed = loop->failed || issue_consumer_fatal(loop->consumer);
    publish(loop);
    issue_batch_clear(loop->batch);
    issue_batch_clear(loop->other);
    issue_consumer_free(loop->consumer);
    issue_transaction_free(loop->transaction);
    sql_thread_stop();
    atomic_store(&loop->ended, true);
    return NULL;
}

struct consume_loop *consume_loop_start(const struct worker_config *config,
                                        struct result_publisher *publisher, char *error,
                                        size_t error_size)
{
    struct consume_loop *loop = calloc(1, sizeof *loop);
    struct issue_consumer_hooks hooks = {read_fences, drop_batches, loop};
    struct issue_transaction_hook hook = {publish_and_collect, loop};

    CHECK(loop, "out of memory");
    loop->config = config;
    loop->publisher = publisher;
    loop->metrics = worker_metrics_new(config->kafka.topic, config->group);
    loop->batch = issue_batch_new((size_t)config->batch_max, issue_consumer_release);
    loop->other = issue_batch_new((size_t)config->batch_max, issue_consumer_release);
    loop->dead_letter = dead_letter_new(&config->kafka, config->group, error, error_size);
    if (!loop->dead_letter)
        goto err0;
    loop->transaction =
        issue_transaction_new(&config->sql, config->kafka.topic, loop->dead_letter, &hook);
    loop->consumer = issue_consumer_new(&config->kafka, config->group, &hooks, error, error_size);
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
    worker_metrics_free(loop->metrics);
    free(loop);
    return NULL;
}

void consume_loop_stop(struct consume_loop *loop)
{
    atomic_store(&loop->stopping, true);
}

bool consume_loop_join(struct consume_loop *loop)
{
    bool went_well;

    pthread_join(loop->thread, NULL);
    went_well = !loop->failed;
    dead_letter_free(loop->dead_letter);
    issue_batch_free(loop->batch);
    issue_batch_free(loop->other);
    worker_metrics_free(loop->metrics);
    free(loop);
    return went_well;
}

bool consume_loop_ready(const struct consume_loop *loop)
{
    return atomic_load(&loop->ready);
}

bool consume_loop_ended(const struct consume_loop *loop)
{
    return atomic_load(&loop->ended);
}
