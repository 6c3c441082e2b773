#include "api-gateway/coupon_cache.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <event2/event.h>
#include <uthash.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/mysql/coupon_row.h"

#define TICK_MS 50
#define WAIT_MAX_US 300000 /* a request waits no longer for a coupon it has to ask for */
#define LOAD_PATIENCE_MS 1000
#define LOAD_MAX 200 /* coupons in one query */
#define ENTRIES_MAX 20000
#define IDLE_US 60000000   /* an entry nobody asked for is dropped */
#define IN_USE_US 10000000 /* an entry asked for within this time is refreshed */
#define ABSENT_US 1000000  /* how long "no such coupon" holds */
#define STALE_REFRESHES 3  /* an entry not read for so many refreshes is read before it is used */

/* NEW → LOADED or ABSENT by an answer; FAILED when MySQL did not answer the first time. */
enum entry_state { ENTRY_NEW, ENTRY_LOADED, ENTRY_ABSENT, ENTRY_FAILED };

struct coupon_cache_entry {
    uint64_t coupon_id;
    enum entry_state state;
    bool wanted;  /* to be read with the next query */
    bool loading; /* in the query that is under way */
    bool changed; /* the view is known to be out of date */
    struct coupon_view view;
    int64_t loaded_us;
    int64_t used_us;
    TAILQ_HEAD(, coupon_wait) waiting;
    UT_hash_handle hh;
};

struct coupon_cache {
    struct coupon_cache_entry *entries;
    struct sql_pool *pool;
    struct sql_mailbox *mailbox;
    struct event *tick;
    struct event *load_soon;
    int64_t refresh_us;
    int64_t now_us; /* monotonic, as of the last tick: exact enough, and free */
    bool loading;   /* a query is under way */
};

struct load_job {
    struct sql_job job;
    struct coupon_cache *cache;
    uint64_t ids[LOAD_MAX];
    size_t id_count;
    struct coupon coupons[LOAD_MAX];
    size_t coupon_count;
};

static struct coupon_cache_entry *find(struct coupon_cache *cache, uint64_t coupon_id)
{
    struct coupon_cache_entry *entry;

    HASH_FIND(hh, cache->entries, &coupon_id, sizeof coupon_id, entry);
    return entry;
}

static enum coupon_answer answer_of(const struct coupon_cache_entry *entry)
{
    switch (entry->state) {
    case ENTRY_LOADED:
        return COUPON_KNOWN;
    case ENTRY_ABSENT:
        return COUPON_ABSENT;
    case ENTRY_FAILED:
        return COUPON_DOUBTFUL;
    case ENTRY_NEW:
        return COUPON_WAIT;
    }
    CHECK(0, "entry state %d", (int)entry->state);
}

static void wake(struct coupon_cache_entry *entry, enum coupon_answer answer)
{
    struct coupon_wait *wait;

    while ((wait = TAILQ_FIRST(&entry->waiting))) {
        TAILQ_REMOVE(&entry->waiting, wait, next);
        wait->entry = NULL;
        wait->ready(wait, answer, &entry->view);
    }
}

void coupon_cache_leave(struct coupon_wait *wait)
{
    if (!wait->entry)
        return;
    TAILQ_REMOVE(&wait->entry->waiting, wait, next);
    wait->entry = NULL;
}

static void read_coupon(void *cookie, char **values, const unsigned long *lengths)
{
    struct load_job *load = cookie;

    CHECK(load->coupon_count < LOAD_MAX, "more coupons than asked for");
    coupon_row_read(values, lengths, &load->coupons[load->coupon_count++]);
}

static enum sql_class run_load(struct sql_job *job, struct sql_session *session,
                               struct sql_fault *fault)
{
    struct load_job *load = (struct load_job *)job;
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_add_text(&statement, "SELECT " COUPON_ROW_COLUMNS " FROM coupon WHERE coupon_id IN (");
    for (size_t i = 0; i < load->id_count; i++) {
        if (i)
            strbuf_add(&statement, ",", 1);
        strbuf_add_u64(&statement, load->ids[i]);
    }
    strbuf_add(&statement, ")", 1);
    class = sql_session_query(session, statement.data, statement.len, read_coupon, load, fault);
    strbuf_free(&statement);
    return class;
}

static void take_answer(struct coupon_cache_entry *entry, const struct coupon *coupon, bool failed,
                        int64_t now_us)
{
    entry->loading = false;
    if (entry->wanted && !failed)
        return; /* it changed meanwhile: this may be the row from before */
    entry->changed = false;
    if (failed) {
        if (entry->state == ENTRY_NEW)
            entry->state = ENTRY_FAILED;
    } else if (coupon) {
        entry->state = ENTRY_LOADED;
        entry->view.coupon = *coupon;
    } else {
        entry->state = ENTRY_ABSENT;
    }
    entry->loaded_us = now_us;
    wake(entry, answer_of(entry));
}

static void load_soon(struct coupon_cache *cache)
{
    event_active(cache->load_soon, EV_TIMEOUT, 0);
}

static void loaded(struct sql_job *job)
{
    struct load_job *load = (struct load_job *)job;
    struct coupon_cache *cache = load->cache;
    int64_t now_us = clock_monotonic_us();

    cache->loading = false;
    if (job->class != SQL_OK)
        log_warn("coupons_not_read", "error %u: %s; going on with what is known", job->fault.code,
                 job->fault.text);
    for (size_t i = 0; i < load->id_count; i++) {
        struct coupon_cache_entry *entry = find(cache, load->ids[i]);
        const struct coupon *coupon = NULL;

        for (size_t c = 0; c < load->coupon_count && !coupon; c++)
            if (load->coupons[c].coupon_id == load->ids[i])
                coupon = &load->coupons[c];
        if (entry)
            take_answer(entry, coupon, job->class != SQL_OK, now_us);
    }
    free(load);
    load_soon(cache);
}

/* Ask for all that is wanted, one query at a time. */
static void load(evutil_socket_t fd, short what, void *cookie)
{
    struct coupon_cache *cache = cookie;
    struct load_job *load_job;

    (void)fd;
    (void)what;
    if (cache->loading)
        return;
    load_job = calloc(1, sizeof *load_job);
    CHECK(load_job, "out of memory");
    for (struct coupon_cache_entry *entry = cache->entries; entry && load_job->id_count < LOAD_MAX;
         entry = entry->hh.next) {
        if (!entry->wanted)
            continue;
        entry->wanted = false;
        entry->loading = true;
        load_job->ids[load_job->id_count++] = entry->coupon_id;
    }
    if (load_job->id_count == 0) {
        free(load_job);
        return;
    }
    load_job->job.run = run_load;
    load_job->job.done = loaded;
    load_job->cache = cache;
    cache->loading = true;
    if (!sql_pool_submit(cache->pool, cache->mailbox, &load_job->job, LOAD_PATIENCE_MS)) {
        load_job->job.class = SQL_OUTAGE;
        strcpy(load_job->job.fault.text, "too many questions are waiting for MySQL");
        loaded(&load_job->job);
    }
}

static void expire_waits(struct coupon_cache_entry *entry, int64_t now_us)
{
    struct coupon_wait *wait;

    while ((wait = TAILQ_FIRST(&entry->waiting)) && wait->deadline_us <= now_us) {
        TAILQ_REMOVE(&entry->waiting, wait, next);
        wait->entry = NULL;
        wait->ready(wait, entry->state == ENTRY_LOADED ? COUPON_KNOWN : COUPON_DOUBTFUL,
                    &entry->view);
    }
}

static void drop(struct coupon_cache *cache, struct coupon_cache_entry *entry)
{
    HASH_DEL(cache->entries, entry);
    free(entry);
}

static void tick(evutil_socket_t fd, short what, void *cookie)
{
    struct coupon_cache *cache = cookie;
    int64_t now_us = cache->now_us = clock_monotonic_us();
    struct coupon_cache_entry *entry, *next;
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

struct coupon_cache *coupon_cache_new(struct event_base *base, struct sql_pool *pool,
                                      struct sql_mailbox *mailbox, int64_t refresh_ms)
{
    const struct timeval interval = {.tv_usec = TICK_MS * 1000};
    struct coupon_cache *cache = calloc(1, sizeof *cache);

    CHECK(cache, "out of memory");
    cache->pool = pool;
    cache->mailbox = mailbox;
    cache->refresh_us = refresh_ms * 1000;
    cache->now_us = clock_monotonic_us();
    cache->tick = event_new(base, -1, EV_PERSIST, tick, cache);
    cache->load_soon = event_new(base, -1, 0, load, cache);
    CHECK(cache->tick && cache->load_soon, "out of memory");
    event_add(cache->tick, &interval);
    return cache;
}

void coupon_cache_free(struct coupon_cache *cache)
{
    struct coupon_cache_entry *entry, *next;

    if (!cache)
        return;
    CHECK(!cache->loading, "a query is under way");
    HASH_ITER (hh, cache->entries, entry, next) {
        CHECK(TAILQ_EMPTY(&entry->waiting), "coupon %" PRIu64 " is still waited for",
              entry->coupon_id);
        drop(cache, entry);
    }
    event_free(cache->load_soon);
    event_free(cache->tick);
    free(cache);
}

/* Make room by dropping the entry that was added first and that nobody waits for. */
static bool make_room(struct coupon_cache *cache)
{
    struct coupon_cache_entry *entry, *next;

    if (HASH_COUNT(cache->entries) < ENTRIES_MAX)
        return true;
    HASH_ITER (hh, cache->entries, entry, next) {
        if (!entry->loading && TAILQ_EMPTY(&entry->waiting)) {
            drop(cache, entry);
            return true;
        }
    }
    return false;
}

static struct coupon_cache_entry *add(struct coupon_cache *cache, uint64_t coupon_id)
{
    struct coupon_cache_entry *entry;

    if (!make_room(cache))
        return NULL;
    entry = calloc(1, sizeof *entry);
    CHECK(entry, "out of memory");
    entry->coupon_id = coupon_id;
    TAILQ_INIT(&entry->waiting);
    HASH_ADD(hh, cache->entries, coupon_id, sizeof entry->coupon_id, entry);
    return entry;
}

static void want(struct coupon_cache *cache, struct coupon_cache_entry *entry)
{
    if (entry->wanted)
        return;
    entry->wanted = true;
    load_soon(cache);
}

enum coupon_answer coupon_cache_find(struct coupon_cache *cache, uint64_t coupon_id,
                                     const struct coupon_view **view, struct coupon_wait *wait)
{
    struct coupon_cache_entry *entry = find(cache, coupon_id);
    int64_t now_us = cache->now_us;

    if (!entry)
        entry = add(cache, coupon_id);
    if (!entry)
        return COUPON_DOUBTFUL;
    entry->used_us = now_us;
    if (entry->state == ENTRY_LOADED && !entry->changed &&
        now_us - entry->loaded_us < STALE_REFRESHES * cache->refresh_us + TICK_MS * 1000) {
        *view = &entry->view;
        return COUPON_KNOWN;
    }
    if (entry->state == ENTRY_ABSENT && !entry->changed && now_us - entry->loaded_us < ABSENT_US)
        return COUPON_ABSENT;
    if (entry->state == ENTRY_FAILED && now_us - entry->loaded_us < cache->refresh_us)
        return COUPON_DOUBTFUL;
    if (!entry->loading)
        want(cache, entry);
    if (!wait)
        return COUPON_WAIT;
    wait->deadline_us = now_us + WAIT_MAX_US;
    wait->entry = entry;
    TAILQ_INSERT_TAIL(&entry->waiting, wait, next);
    return COUPON_WAIT;
}

bool coupon_cache_sold_out(struct coupon_cache *cache, uint64_t coupon_id, uint32_t total_stock)
{
    struct coupon_cache_entry *entry = find(cache, coupon_id);

    if (!entry)
        return true;
    if (entry->view.sold_out_stock < total_stock)
        entry->view.sold_out_stock = total_stock;
    return entry->state != ENTRY_LOADED || entry->changed ||
           entry->view.coupon.status != COUPON_OPEN || admission_remaining(&entry->view) == 0;
}

void coupon_cache_changed(struct coupon_cache *cache, uint64_t coupon_id)
{
    struct coupon_cache_entry *entry = find(cache, coupon_id);

    /* Also where a query is under way: it may have been answered before the change. */
    if (entry) {
        entry->changed = true;
        want(cache, entry);
    }
}

void coupon_cache_changed_all(struct coupon_cache *cache)
{
    for (struct coupon_cache_entry *entry = cache->entries; entry; entry = entry->hh.next)
        if (!entry->loading)
            entry->wanted = true;
    load_soon(cache);
}
