#include "api-gateway/near_cache.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <event2/event.h>

#include "api-gateway/near_load.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define TICK_MS 50
#define WAIT_MAX_US 300000 /* a request waits no longer for what it has to ask for */
#define LOAD_PATIENCE_MS 1000
#define IDLE_US 60000000   /* an entry nobody asked for is dropped */
#define IN_USE_US 10000000 /* an entry asked for within this time is refreshed */
#define ABSENT_US 1000000  /* how long "there is none" holds */
#define STALE_REFRESHES 3  /* an entry not read for so many refreshes is read before it is used */

struct near_cache {
    const struct near_kind *kind;
    struct near_entry *entries;
    struct sql_pool *pool;
    struct sql_mailbox *mailbox;
    struct event *tick;
    struct event *load_soon;
    int64_t refresh_us;
    int64_t now_us; /* monotonic, as of the last tick: exact enough, and free */
    bool loading;   /* a query is under way */
};

struct near_entry *near_cache_peek(struct near_cache *cache, uint64_t id)
{
    struct near_entry *entry;

    HASH_FIND(hh, cache->entries, &id, sizeof id, entry);
    return entry;
}

static enum near_answer answer_of(const struct near_entry *entry)
{
    switch (entry->state) {
    case NEAR_LOADED:
        return NEAR_KNOWN;
    case NEAR_NOTHING:
        return NEAR_ABSENT;
    case NEAR_NEW:
    case NEAR_FAILED:
        return NEAR_DOUBTFUL;
    }
    CHECK(0, "entry state %d", (int)entry->state);
}

static void tell(struct near_wait *wait, enum near_answer answer)
{
    const struct near_entry *entry = wait->entry;

    near_cache_leave(wait);
    wait->ready(wait, answer, entry);
}

void near_cache_leave(struct near_wait *wait)
{
    if (!wait->entry)
        return;
    TAILQ_REMOVE(&wait->entry->waiting, wait, next);
    wait->entry = NULL;
}

static void take_answer(struct near_entry *entry, const struct near_load *load, int64_t now_us)
{
    bool failed = load->job.class != SQL_OK;
    struct near_wait *wait;

    entry->loading = false;
    if (entry->wanted && !failed)
        return; /* it changed meanwhile: this may be from before */
    entry->changed = false;
    if (!failed)
        entry->state =
            load->kind->take(entry, load->rows.data, load->row_count) ? NEAR_LOADED : NEAR_NOTHING;
    else if (entry->state == NEAR_NEW)
        entry->state = NEAR_FAILED;
    entry->loaded_us = now_us;
    while ((wait = TAILQ_FIRST(&entry->waiting)))
        tell(wait, answer_of(entry));
}

static void load_soon(struct near_cache *cache)
{
    event_active(cache->load_soon, EV_TIMEOUT, 0);
}

static void loaded(struct sql_job *job)
{
    struct near_load *load = (struct near_load *)job;
    struct near_cache *cache = load->cookie;
    int64_t now_us = clock_monotonic_us();

    cache->loading = false;
    if (job->class != SQL_OK)
        log_warn(cache->kind->log_event, "error %u: %s; going on with what is known",
                 job->fault.code, job->fault.text);
    for (size_t i = 0; i < load->id_count; i++) {
        struct near_entry *entry = near_cache_peek(cache, load->ids[i]);

        if (entry)
            take_answer(entry, load, now_us);
    }
    near_load_free(load);
    load_soon(cache);
}

/* All that is wanted, as far as one query reaches, or NULL. */
static struct near_load *new_load(struct near_cache *cache)
{
    struct near_load *load = near_load_new(cache->kind, loaded, cache);

    for (struct near_entry *entry = cache->entries; entry && !near_load_is_full(load);
         entry = entry->hh.next) {
        if (!entry->wanted)
            continue;
        entry->wanted = false;
        entry->loading = true;
        near_load_add(load, entry->id);
    }
    if (load->id_count > 0)
        return load;
    near_load_free(load);
    return NULL;
}

static void load_wanted(evutil_socket_t fd, short what, void *cookie)
{
    struct near_cache *cache = cookie;
    struct near_load *load = cache->loading ? NULL : new_load(cache);

    (void)fd;
    (void)what;
    if (!load)
        return;
    cache->loading = true;
    if (!sql_pool_submit(cache->pool, cache->mailbox, &load->job, LOAD_PATIENCE_MS)) {
        load->job.class = SQL_OUTAGE;
        strcpy(load->job.fault.text, "too many questions are waiting for MySQL");
        loaded(&load->job);
    }
}

static void expire_waits(struct near_entry *entry, int64_t now_us)
{
    struct near_wait *wait;

    while ((wait = TAILQ_FIRST(&entry->waiting)) && wait->deadline_us <= now_us)
        tell(wait, entry->state == NEAR_LOADED ? NEAR_KNOWN : NEAR_DOUBTFUL);
}

static void drop(struct near_cache *cache, struct near_entry *entry)
{
    HASH_DEL(cache->entries, entry);
    if (cache->kind->release)
        cache->kind->release(entry);
    free(entry);
}

static void tick(evutil_socket_t fd, short what, void *cookie)
{
    struct near_cache *cache = cookie;
    int64_t now_us = cache->now_us = clock_monotonic_us();
    struct near_entry *entry, *next;
    bool any = false;

    (void)fd;
    (void)what;
    HASH_ITER (hh, cache->entries, entry, next) {
        expire_waits(entry, now_us);
        if (entry->loading || entry->wanted || !TAILQ_EMPTY(&entry->waiting)) {
            any = any || entry->wanted;
        } else if (now_us - entry->used_us > IDLE_US) {
            drop(cache, entry);
        } else if (now_us - entry->used_us < IN_USE_US &&
                   now_us - entry->loaded_us >= cache->refresh_us) {
            entry->wanted = true;
            any = true;
        }
    }
    if (any)
        load_soon(cache);
}

struct near_cache *near_cache_new(const struct near_kind *kind, struct event_base *base,
                                  struct sql_pool *pool, struct sql_mailbox *mailbox,
                                  int64_t refresh_ms)
{
    const struct timeval interval = {.tv_usec = TICK_MS * 1000};
    struct near_cache *cache = calloc(1, sizeof *cache);

    CHECK(cache, "out of memory");
    cache->kind = kind;
    cache->pool = pool;
    cache->mailbox = mailbox;
    cache->refresh_us = refresh_ms * 1000;
    cache->now_us = clock_monotonic_us();
    cache->tick = event_new(base, -1, EV_PERSIST, tick, cache);
    cache->load_soon = event_new(base, -1, 0, load_wanted, cache);
    CHECK(cache->tick && cache->load_soon, "out of memory");
    event_add(cache->tick, &interval);
    return cache;
}

void near_cache_free(struct near_cache *cache)
{
    struct near_entry *entry, *next;

    if (!cache)
        return;
    CHECK(!cache->loading, "a query is under way");
    HASH_ITER (hh, cache->entries, entry, next) {
        CHECK(TAILQ_EMPTY(&entry->waiting), "%" PRIu64 " is still waited for", entry->id);
        drop(cache, entry);
    }
    event_free(cache->load_soon);
    event_free(cache->tick);
    free(cache);
}

/* Make room by dropping the entry that was added first and that nobody waits for. */
static bool make_room(struct near_cache *cache)
{
    struct near_entry *entry, *next;

    if (HASH_COUNT(cache->entries) < cache->kind->entries_max)
        return true;
    HASH_ITER (hh, cache->entries, entry, next) {
        if (!entry->loading && TAILQ_EMPTY(&entry->waiting)) {
            drop(cache, entry);
            return true;
        }
    }
    return false;
}

static struct near_entry *add(struct near_cache *cache, uint64_t id)
{
    struct near_entry *entry;

    if (!make_room(cache))
        return NULL;
    entry = calloc(1, cache->kind->entry_size);
    CHECK(entry, "out of memory");
    entry->id = id;
    TAILQ_INIT(&entry->waiting);
    HASH_ADD(hh, cache->entries, id, sizeof entry->id, entry);
    return entry;
}

static void want(struct near_cache *cache, struct near_entry *entry)
{
    if (entry->wanted)
        return;
    entry->wanted = true;
    load_soon(cache);
}

/* True: it need not be read before it is used. */
static bool is_good(const struct near_cache *cache, const struct near_entry *entry)
{
    int64_t age_us = cache->now_us - entry->loaded_us;

    switch (entry->state) {
    case NEAR_LOADED:
        return !entry->changed && age_us < STALE_REFRESHES * cache->refresh_us + TICK_MS * 1000;
    case NEAR_NOTHING:
        return !entry->changed && age_us < ABSENT_US;
    case NEAR_FAILED:
        return age_us < cache->refresh_us;
    case NEAR_NEW:
        break;
    }
    return false;
}

enum near_answer near_cache_find(struct near_cache *cache, uint64_t id,
                                 const struct near_entry **found, struct near_wait *wait)
{
    struct near_entry *entry = near_cache_peek(cache, id);

    if (!entry)
        entry = add(cache, id);
    if (!entry)
        return NEAR_DOUBTFUL;
    entry->used_us = cache->now_us;
    if (is_good(cache, entry)) {
        *found = entry;
        return answer_of(entry);
    }
    if (!entry->loading)
        want(cache, entry);
    if (!wait)
        return NEAR_WAIT;
    wait->deadline_us = cache->now_us + WAIT_MAX_US;
    wait->entry = entry;
    TAILQ_INSERT_TAIL(&entry->waiting, wait, next);
    return NEAR_WAIT;
}

static void changed(struct near_cache *cache, struct near_entry *entry)
{
    /* Also where a query is under way: it may have been answered before the change. */
    entry->changed = true;
    want(cache, entry);
}

void near_cache_changed(struct near_cache *cache, uint64_t id)
{
    struct near_entry *entry = near_cache_peek(cache, id);

    if (entry)
        changed(cache, entry);
}

void near_cache_changed_all(struct near_cache *cache)
{
    for (struct near_entry *entry = cache->entries; entry; entry = entry->hh.next)
        changed(cache, entry);
}

void near_cache_reread_all(struct near_cache *cache)
{
    for (struct near_entry *entry = cache->entries; entry; entry = entry->hh.next)
        if (!entry->loading)
            entry->wanted = true;
    load_soon(cache);
}
