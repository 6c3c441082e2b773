#include "api-gateway/broadcast_feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/contract/broadcast.h"

#define SILENCE_US 1500000 /* of each partition its worker is heard every second or so */
#define ASK_EVERY_US 500000
#define ASK_WAITING_US 90000 /* while polls wait for the answer: with every tick */
#define PATIENCE_MS 500

static void hear(struct io_thread *thread, int32_t partition, int64_t next_offset, bool caught_up)
{
    if (progress_hear(&thread->progress, partition, next_offset, caught_up, clock_monotonic_us()))
        result_waiters_progress(thread->waiters, partition);
}

/* The worker has shut the gate that other systems read (broadcast.h). Where stock was added just
 * before, that came late, after the admin's call had opened it: it is opened again. */
static void correct_gate(struct io_thread *thread, uint64_t coupon_id, bool sold_out)
{
    const char *value = sold_out ? "false" : "true";
    char key[64];
    size_t len =
        (size_t)snprintf(key, sizeof key, BROADCAST_AVAILABLE_PREFIX "%" PRIu64, coupon_id);

    redis_link_command(thread->redis, NULL, NULL, 3, (const char *const[]){"SET", key, value},
                       (const size_t[]){3, len, strlen(value)});
}

void broadcast_feed_message(void *cookie, const char *text, size_t len)
{
    struct io_thread *thread = cookie;
    struct broadcast broadcast;

    if (!broadcast_decode(text, len, &broadcast))
        return;
    switch (broadcast.type) {
    case BROADCAST_PROGRESS:
        if (strcmp(broadcast.topic, thread->config->kafka.topic) != 0)
            break;
        progress_note_worker(&thread->progress, broadcast.partition, clock_monotonic_us());
        hear(thread, broadcast.partition, broadcast.next_offset, broadcast.caught_up);
        break;
    case BROADCAST_SOLD_OUT:
        correct_gate(
            thread, broadcast.coupon_id,
            coupon_cache_sold_out(thread->coupons, broadcast.coupon_id, broadcast.total_stock));
        break;
    case BROADCAST_CHANGED:
        coupon_cache_changed(thread->coupons, broadcast.coupon_id);
        policy_cache_changed(thread->policies);
        break;
    }
}

struct fence_row {
    int32_t partition;
    int64_t next_offset;
};

struct fence_job {
    struct sql_job job;
    struct io_thread *thread;
    size_t count;
    struct fence_row rows[PROGRESS_MAX_PARTITIONS];
};

static void read_fence(void *cookie, char **values, const unsigned long *lengths)
{
    struct fence_job *fence = cookie;

    (void)lengths;
    if (fence->count < PROGRESS_MAX_PARTITIONS)
        fence->rows[fence->count++] = (struct fence_row){
            (int32_t)sql_read_number(values[0], -1),
            sql_read_number(values[1], -1),
        };
}

static enum sql_class run(struct sql_job *job, struct sql_session *session, struct sql_fault *fault)
{
    struct fence_job *fence = (struct fence_job *)job;
    const char *topic = fence->thread->config->kafka.topic;
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_add_text(&statement, "SELECT partition_id,next_offset FROM consumer_fence WHERE topic=");
    sql_add_text(session, &statement, topic, strlen(topic));
    class = sql_session_query(session, statement.data, statement.len, read_fence, fence, fault);
    strbuf_free(&statement);
    return class;
}

static void done(struct sql_job *job)
{
    struct fence_job *fence = (struct fence_job *)job;

    fence->thread->fence_asked = false;
    for (size_t i = 0; job->class == SQL_OK && i < fence->count; i++)
        hear(fence->thread, fence->rows[i].partition, fence->rows[i].next_offset, false);
    free(fence);
}

static void ask_fences(struct io_thread *thread, int64_t now_us)
{
    struct fence_job *fence;

    if (thread->fence_asked)
        return;
    fence = calloc(1, sizeof *fence);
    CHECK(fence, "out of memory");
    fence->job.run = run;
    fence->job.done = done;
    fence->thread = thread;
    thread->fence_asked = true;
    thread->fence_asked_us = now_us;
    if (!sql_pool_submit(thread->pool, thread->mailbox, &fence->job, PATIENCE_MS)) {
        fence->job.class = SQL_OUTAGE;
        done(&fence->job);
    }
}

void broadcast_feed_connected(void *cookie)
{
    struct io_thread *thread = cookie;

    ask_fences(thread, clock_monotonic_us());
    coupon_cache_changed_all(thread->coupons);
    policy_cache_changed(thread->policies);
}

void broadcast_feed_tick(struct io_thread *thread, int64_t now_us)
{
    bool heard =
        redis_link_up(thread->feed) && !progress_is_silent(&thread->progress, SILENCE_US, now_us);
    int64_t every_us = result_waiters_count(thread->waiters) > 0 ? ASK_WAITING_US : ASK_EVERY_US;

    if (!heard && now_us - thread->fence_asked_us >= every_us)
        ask_fences(thread, now_us);
}
