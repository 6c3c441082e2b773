#include "api-gateway/result_waiters.h"

#include <stdbool.h>
#include <stdlib.h>
#include <event2/event.h>

#include "common/base/check.h"
#include "common/base/clock.h"

#define TICK_MS 50
/* News of progress may be lost, and a topic that was made anew begins below what was heard. */
#define STILL_US 1000000

TAILQ_HEAD(place_list, result_waiter);

struct result_waiters {
    const struct progress *progress;
    struct event *tick;
    struct place_list places[PROGRESS_MAX_PARTITIONS]; /* ascending by offset */
    struct place_list drifting; /* place not known, or passed and still not found */
    TAILQ_HEAD(, result_waiter) all;
    struct result_waiter *cursor; /* the next of all to look at, while they expire */
    size_t count;
    uint32_t turn;    /* of waking the drifting ones */
    int64_t woken_us; /* when that was */
    bool moved;       /* some partition, since then */
};

static void take_out(struct result_waiter *waiter, struct place_list *list)
{
    struct result_waiters *waiters = waiter->waiters;

    if (waiters->cursor == waiter)
        waiters->cursor = TAILQ_NEXT(waiter, all);
    TAILQ_REMOVE(list, waiter, by_place);
    TAILQ_REMOVE(&waiters->all, waiter, all);
    waiters->count--;
    waiter->waiters = NULL;
}

/* A place that the workers had not passed when the wait began. */
static bool has_place(const struct result_waiter *waiter)
{
    return waiter->location.partition >= 0 && waiter->location.partition < PROGRESS_MAX_PARTITIONS;
}

static struct place_list *list_of(struct result_waiters *waiters,
                                  const struct result_waiter *waiter)
{
    return has_place(waiter) ? &waiters->places[waiter->location.partition] : &waiters->drifting;
}

void result_waiters_remove(struct result_waiter *waiter)
{
    if (waiter->waiters)
        take_out(waiter, list_of(waiter->waiters, waiter));
}

void result_waiters_add(struct result_waiters *waiters, struct result_waiter *waiter)
{
    struct place_list *list;
    struct result_waiter *before;

    CHECK(!waiter->waiters, "it waits already");
    if (has_place(waiter) &&
        waiter->location.offset <
            progress_next_offset(waiters->progress, waiter->location.partition))
        waiter->location = RESULT_LOCATION_NONE;
    list = list_of(waiters, waiter);
    before = TAILQ_LAST(list, place_list);
    while (has_place(waiter) && before && before->location.offset > waiter->location.offset)
        before = TAILQ_PREV(before, place_list, by_place);
    if (before)
        TAILQ_INSERT_AFTER(list, before, waiter, by_place);
    else
        TAILQ_INSERT_HEAD(list, waiter, by_place);
    TAILQ_INSERT_TAIL(&waiters->all, waiter, all);
    waiter->waiters = waiters;
    waiter->turn = waiters->turn;
    waiters->count++;
}

void result_waiters_progress(struct result_waiters *waiters, int32_t partition)
{
    int64_t next_offset = progress_next_offset(waiters->progress, partition);
    struct place_list *list = &waiters->places[partition];
    struct result_waiter *waiter;

    waiters->moved = true;
    while ((waiter = TAILQ_FIRST(list)) && waiter->location.offset < next_offset) {
        take_out(waiter, list);
        waiter->due(waiter);
    }
}

/* Those that come back meanwhile are at the list's end and wait for the next turn. */
static void wake_drifting(struct result_waiters *waiters, int64_t now_us)
{
    struct result_waiter *waiter;

    waiters->moved = false;
    waiters->woken_us = now_us;
    waiters->turn++;
    while ((waiter = TAILQ_FIRST(&waiters->drifting)) && waiter->turn != waiters->turn) {
        take_out(waiter, &waiters->drifting);
        waiter->due(waiter);
    }
}

static void expire(struct result_waiters *waiters, int64_t now_us)
{
    struct result_waiter *waiter;

    waiters->cursor = TAILQ_FIRST(&waiters->all);
    while ((waiter = waiters->cursor)) {
        waiters->cursor = TAILQ_NEXT(waiter, all);
        if (waiter->deadline_us > now_us)
            continue;
        take_out(waiter, list_of(waiters, waiter));
        waiter->expired(waiter);
    }
}

static void tick(evutil_socket_t fd, short what, void *cookie)
{
    struct result_waiters *waiters = cookie;
    int64_t now_us = clock_monotonic_us();

    (void)fd;
    (void)what;
    if (waiters->moved || now_us - waiters->woken_us >= STILL_US)
        wake_drifting(waiters, now_us);
    expire(waiters, now_us);
}

struct result_waiters *result_waiters_new(struct event_base *base, const struct progress *progress)
{
    const struct timeval interval = {.tv_usec = TICK_MS * 1000};
    struct result_waiters *waiters = calloc(1, sizeof *waiters);

    CHECK(waiters, "out of memory");
    waiters->progress = progress;
    waiters->woken_us = clock_monotonic_us();
    for (size_t i = 0; i < PROGRESS_MAX_PARTITIONS; i++)
        TAILQ_INIT(&waiters->places[i]);
    TAILQ_INIT(&waiters->drifting);
    TAILQ_INIT(&waiters->all);
    waiters->tick = event_new(base, -1, EV_PERSIST, tick, waiters);
    CHECK(waiters->tick, "out of memory");
    event_add(waiters->tick, &interval);
    return waiters;
}

void result_waiters_free(struct result_waiters *waiters)
{
    if (!waiters)
        return;
    CHECK(waiters->count == 0, "%zu still wait", waiters->count);
    event_free(waiters->tick);
    free(waiters);
}

void result_waiters_expire_all(struct result_waiters *waiters)
{
    expire(waiters, INT64_MAX);
}

size_t result_waiters_count(const struct result_waiters *waiters)
{
    return waiters->count;
}
