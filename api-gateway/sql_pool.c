#include "api-gateway/sql_pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api-gateway/quiet_thread.h"
#include "api-gateway/sql_mailbox.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/metrics/metrics.h"

#define WAITING_MAX 1024
#define RETRY_US 200000 /* after a failed connect, for this long nobody tries */
#define TRUST_US 250000 /* a connection idle for longer is tried before it gets a job */
#define CLASSES (SQL_REFUSED + 1)

struct sql_pool {
    const struct sql_options *options;
    pthread_mutex_t lock; /* for what follows up to threads */
    pthread_cond_t work;
    struct sql_job_queue waiting;
    size_t waiting_count;
    size_t sessions;   /* connections open */
    size_t connecting; /* threads trying to get one */
    bool down;         /* the last attempt failed: fault says why */
    struct sql_fault fault;
    int64_t retry_us; /* while down: the next attempt */
    bool stopping;
    pthread_t *threads;
    size_t thread_count;
    struct metric *jobs[CLASSES];
    struct metric *waiting_jobs;
};

/* What a thread does next. Everything below that says so runs with the pool's lock held. */
enum step { STEP_RUN, STEP_CONNECT, STEP_FAIL, STEP_STOP };

static void fill_outage(struct sql_job *job, const char *text)
{
    job->class = SQL_OUTAGE;
    job->fault = (struct sql_fault){.class = SQL_OUTAGE};
    snprintf(job->fault.text, sizeof job->fault.text, "%s", text);
}

static void hand_back(struct sql_pool *pool, struct sql_job *job)
{
    metric_add(pool->jobs[job->class], 1);
    sql_mailbox_deliver(job);
}

/* Lock held. */
static struct sql_job *take(struct sql_pool *pool)
{
    struct sql_job *job = STAILQ_FIRST(&pool->waiting);

    STAILQ_REMOVE_HEAD(&pool->waiting, next);
    metric_set(pool->waiting_jobs, (int64_t)--pool->waiting_count);
    return job;
}

/* Lock held. */
static void wait_until(struct sql_pool *pool, int64_t until_us)
{
    struct timespec until = {until_us / 1000000, (until_us % 1000000) * 1000};

    pthread_cond_clockwait(&pool->work, &pool->lock, CLOCK_MONOTONIC, &until);
}

/* Wait for something to do; lock held. While the server can't be reached, jobs fail at once instead
 * of each waiting for a connection, except where another thread still has one that can take them.
 */
static enum step next_step(struct sql_pool *pool, bool connected)
{
    for (;;) {
        if (pool->stopping)
            return STEP_STOP;
        if (STAILQ_EMPTY(&pool->waiting)) {
            pthread_cond_wait(&pool->work, &pool->lock);
            continue;
        }
        if (connected)
            return STEP_RUN;
        if (!pool->down || (clock_monotonic_us() >= pool->retry_us && pool->connecting == 0))
            return STEP_CONNECT;
        if (pool->sessions == 0)
            return STEP_FAIL;
        wait_until(pool, clock_monotonic_us() + RETRY_US);
    }
}

/* Lock held; let go of meanwhile, and another thread may take the work. */
static struct sql_session *connect(struct sql_pool *pool)
{
    struct sql_fault fault;
    struct sql_session *session;

    pool->connecting++;
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    session = sql_session_open(pool->options, &fault);
    pthread_mutex_lock(&pool->lock);
    pool->connecting--;
    if (session) {
        if (pool->down)
            log_info("mysql_back", "connected again");
        pool->down = false;
        pool->sessions++;
        return session;
    }
    if (!pool->down)
        log_warn("mysql_connect_failed", "error %u: %s", fault.code, fault.text);
    pool->down = true;
    pool->fault = fault;
    pool->fault.class = SQL_OUTAGE;
    pool->retry_us = clock_monotonic_us() + RETRY_US;
    return NULL;
}

/* Lock held. Waiting threads that have no connection now decide anew. */
static struct sql_session *drop_session(struct sql_pool *pool, struct sql_session *session)
{
    sql_session_close(session);
    pool->sessions--;
    pthread_cond_broadcast(&pool->work);
    return NULL;
}

/* Lock held; let go of meanwhile. The server may have closed a connection that was idle for long,
 * or been restarted behind it: try it before it gets a job. NULL: it was dropped. */
static struct sql_session *try_session(struct sql_pool *pool, struct sql_session *session)
{
    struct sql_fault ignored;
    enum sql_class class;

    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    class = sql_session_execute(session, "DO 0", 4, &ignored);
    pthread_mutex_lock(&pool->lock);
    return class == SQL_OK ? session : drop_session(pool, session);
}

/* Lock held. */
static void fail_job(struct sql_pool *pool)
{
    struct sql_job *job = take(pool);

    job->class = SQL_OUTAGE;
    job->fault = pool->fault;
    hand_back(pool, job);
}

/* Lock held; let go of meanwhile. NULL: the connection was lost. */
static struct sql_session *run_job(struct sql_pool *pool, struct sql_session *session)
{
    struct sql_job *job = take(pool);
    enum sql_class class;

    pthread_mutex_unlock(&pool->lock);
    class = job->run(job, session, &job->fault);
    if (class == SQL_OUTAGE)
        log_warn("mysql_unavailable", "error %u: %s", job->fault.code, job->fault.text);
    else if (class != SQL_OK)
        sql_session_rollback(session);
    job->class = class;
    hand_back(pool, job);
    pthread_mutex_lock(&pool->lock);
    return class == SQL_OUTAGE ? drop_session(pool, session) : session;
}

static void *pool_thread(void *cookie)
{
    struct sql_pool *pool = cookie;
    struct sql_session *session = NULL;
    int64_t used_us = 0;
    enum step step;

    pthread_mutex_lock(&pool->lock);
    while ((step = next_step(pool, session)) != STEP_STOP) {
        if (step == STEP_FAIL)
            fail_job(pool);
        else if (step == STEP_CONNECT)
            session = connect(pool);
        else if (clock_monotonic_us() - used_us > TRUST_US)
            session = try_session(pool, session);
        else
            session = run_job(pool, session);
        used_us = clock_monotonic_us();
    }
    pthread_mutex_unlock(&pool->lock);
    sql_session_close(session);
    sql_thread_stop();
    return NULL;
}

static void make_metrics(struct sql_pool *pool)
{
    char labels[32];

    for (int class = SQL_OK; class < CLASSES; class ++) {
        snprintf(labels, sizeof labels, "class=\"%s\"", sql_class_name((enum sql_class) class));
        pool->jobs[class] = metric_counter("coupon_gateway_sql_jobs_total",
                                           "MySQL jobs by how they ended.", labels);
    }
    pool->waiting_jobs = metric_gauge("coupon_gateway_sql_jobs_waiting",
                                      "MySQL jobs that wait for a connection.", NULL);
}

struct sql_pool *sql_pool_start(const struct sql_options *options, size_t threads)
{
    struct sql_pool *pool = calloc(1, sizeof *pool);

    CHECK(pool, "out of memory");
    CHECK(threads > 0, "a pool of no threads");
    pool->options = options;
    pool->thread_count = threads;
    pool->threads = calloc(threads, sizeof *pool->threads);
    CHECK(pool->threads, "out of memory");
    STAILQ_INIT(&pool->waiting);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    make_metrics(pool);
    for (size_t i = 0; i < threads; i++)
        quiet_thread_start(&pool->threads[i], pool_thread, pool);
    return pool;
}

void sql_pool_stop(struct sql_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    while (!STAILQ_EMPTY(&pool->waiting)) {
        struct sql_job *job = take(pool);

        fill_outage(job, "the program is stopping");
        hand_back(pool, job);
    }
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pool->thread_count = 0;
}

void sql_pool_free(struct sql_pool *pool)
{
    if (!pool)
        return;
    CHECK(pool->thread_count == 0, "%zu threads still run: stop the pool first",
          pool->thread_count);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool);
}

bool sql_pool_submit(struct sql_pool *pool, struct sql_mailbox *mailbox, struct sql_job *job,
                     int patience_ms)
{
    bool accepted;

    job->mailbox = mailbox;
    job->give_up_us = clock_monotonic_us() + INT64_C(1000) * patience_ms;
    pthread_mutex_lock(&pool->lock);
    accepted = !pool->stopping && pool->waiting_count < WAITING_MAX;
    if (accepted) {
        sql_mailbox_expect(mailbox, pool);
        STAILQ_INSERT_TAIL(&pool->waiting, job, next);
        metric_set(pool->waiting_jobs, (int64_t)++pool->waiting_count);
        /* While it is down, one thread alone may be the one that can't do it. */
        if (pool->down)
            pthread_cond_broadcast(&pool->work);
        else
            pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    return accepted;
}

void sql_pool_expire(struct sql_pool *pool, const struct sql_mailbox *mailbox)
{
    struct sql_job_queue kept = STAILQ_HEAD_INITIALIZER(kept);
    int64_t now_us = clock_monotonic_us();

    pthread_mutex_lock(&pool->lock);
    while (!STAILQ_EMPTY(&pool->waiting)) {
        struct sql_job *job = take(pool);

        if (job->mailbox == mailbox && job->give_up_us <= now_us) {
            fill_outage(job, "no connection to MySQL was free in time");
            hand_back(pool, job);
        } else {
            STAILQ_INSERT_TAIL(&kept, job, next);
            pool->waiting_count++;
        }
    }
    STAILQ_CONCAT(&pool->waiting, &kept);
    metric_set(pool->waiting_jobs, (int64_t)pool->waiting_count);
    pthread_mutex_unlock(&pool->lock);
}
