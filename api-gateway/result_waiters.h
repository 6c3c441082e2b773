#ifndef RESULT_WAITERS_H
#define RESULT_WAITERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api-gateway/progress.h"
#include "api-gateway/result_location.h"

struct event_base;

/* Long-polls that wait for a decision. Those whose record's place is known are woken when the
 * workers pass it; the others now and then while the workers move, each second while they do not.
 * Loop thread only. */
struct result_waiters;

/* Embedded in what waits. */
struct result_waiter {
    struct result_location location;
    int64_t deadline_us;
    void (*due)(struct result_waiter *waiter);     /* its record is, or may be, decided */
    void (*expired)(struct result_waiter *waiter); /* the wait is over */
    struct result_waiters *waiters;                /* NULL: not waiting */
    uint32_t turn;                                 /* of waking in which it came */
    TAILQ_ENTRY(result_waiter) by_place;
    TAILQ_ENTRY(result_waiter) all;
};

struct result_waiters *result_waiters_new(struct event_base *base, const struct progress *progress);
void result_waiters_free(struct result_waiters *waiters);

/* Wait until due or expired is called, later and only one of them; it does not wait any more then.
 * Both may add it again, and remove others. */
void result_waiters_add(struct result_waiters *waiters, struct result_waiter *waiter);

/* Nothing where it does not wait. */
void result_waiters_remove(struct result_waiter *waiter);

/* A partition's progress moved. */
void result_waiters_progress(struct result_waiters *waiters, int32_t partition);

/* End all waits now. */
void result_waiters_expire_all(struct result_waiters *waiters);

size_t result_waiters_count(const struct result_waiters *waiters);

#endif
