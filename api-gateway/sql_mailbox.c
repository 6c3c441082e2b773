#include "api-gateway/sql_mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <event2/event.h>

#include "common/base/check.h"

#define TICK_MS 50 /* how exactly patience is kept */

struct sql_mailbox {
    pthread_mutex_t lock;
    struct sql_job_queue arrived; /* under lock */
    int wake_fd;
    struct event *wake;
    struct event *tick; /* pending while jobs are open */
    struct sql_pool *pool;
    size_t open; /* submitted and not told yet */
};

static void tell_all(struct sql_mailbox *mailbox)
{
    struct sql_job_queue arrived = STAILQ_HEAD_INITIALIZER(arrived);
    struct sql_job *job;

    pthread_mutex_lock(&mailbox->lock);
    STAILQ_CONCAT(&arrived, &mailbox->arrived);
    pthread_mutex_unlock(&mailbox->lock);
    while ((job = STAILQ_FIRST(&arrived))) {
        STAILQ_REMOVE_HEAD(&arrived, next);
        mailbox->open--;
        job->done(job);
    }
    if (mailbox->open == 0)
        event_del(mailbox->tick);
}

static void mailbox_woken(evutil_socket_t fd, short what, void *cookie)
{
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof count) == sizeof count)
        tell_all(cookie);
}

static void mailbox_tick(evutil_socket_t fd, short what, void *cookie)
{
    struct sql_mailbox *mailbox = cookie;

    (void)fd;
    (void)what;
    sql_pool_expire(mailbox->pool, mailbox);
}

struct sql_mailbox *sql_mailbox_new(struct event_base *base)
{
    struct sql_mailbox *mailbox = calloc(1, sizeof *mailbox);

    CHECK(mailbox, "out of memory");
    STAILQ_INIT(&mailbox->arrived);
    pthread_mutex_init(&mailbox->lock, NULL);
    mailbox->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(mailbox->wake_fd >= 0, "no eventfd");
    mailbox->wake = event_new(base, mailbox->wake_fd, EV_READ | EV_PERSIST, mailbox_woken, mailbox);
    mailbox->tick = event_new(base, -1, EV_PERSIST, mailbox_tick, mailbox);
    CHECK(mailbox->wake && mailbox->tick, "out of memory");
    event_add(mailbox->wake, NULL);
    return mailbox;
}

void sql_mailbox_free(struct sql_mailbox *mailbox)
{
    if (!mailbox)
        return;
    tell_all(mailbox);
    CHECK(mailbox->open == 0, "%zu jobs are still with the pool: stop it first", mailbox->open);
    event_free(mailbox->wake);
    event_free(mailbox->tick);
    close(mailbox->wake_fd);
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

void sql_mailbox_expect(struct sql_mailbox *mailbox, struct sql_pool *pool)
{
    const struct timeval interval = {.tv_usec = TICK_MS * 1000};

    CHECK(!mailbox->pool || mailbox->pool == pool, "a mailbox belongs to one pool");
    mailbox->pool = pool;
    if (mailbox->open++ == 0)
        event_add(mailbox->tick, &interval);
}

void sql_mailbox_deliver(struct sql_job *job)
{
    struct sql_mailbox *mailbox = job->mailbox;
    const uint64_t one = 1;
    bool first;

    pthread_mutex_lock(&mailbox->lock);
    first = STAILQ_EMPTY(&mailbox->arrived);
    STAILQ_INSERT_TAIL(&mailbox->arrived, job, next);
    pthread_mutex_unlock(&mailbox->lock);
    if (first)
        CHECK(write(mailbox->wake_fd, &one, sizeof one) == sizeof one, "eventfd");
}
