#include "api-gateway/policy_cache.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <event2/event.h>
#include <uthash.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/contract/coupon.h"

#define TICK_MS 50
#define WAIT_MAX_US 300000 /* a request waits no longer for a policy it has to ask for */
#define LOAD_PATIENCE_MS 1000
#define LOAD_MAX 50      /* policies in one query */
#define WINDOWS_MAX 1000 /* of a policy; further ones are not seen here */
#define ENTRIES_MAX 5000
#define IDLE_US 60000000  /* an entry nobody asked for is dropped */
#define STALE_REFRESHES 3 /* an entry not read for so many refreshes is read before it is used */

/* NEW → LOADED (count 0: there is none) by an answer; FAILED when MySQL did not answer the first
 * time. */
enum entry_state { ENTRY_NEW, ENTRY_LOADED, ENTRY_FAILED };

struct policy_cache_entry {
    uint64_t policy_id;
    enum entry_state state;
    bool wanted;  /* to be read with the next query */
    bool loading; /* in the query that is under way */
    bool changed; /* what is known may be out of date */
    struct policy_window *windows;
    size_t count;
    int64_t loaded_us;
    int64_t used_us;
    TAILQ_HEAD(, policy_wait) waiting;
    UT_hash_handle hh;
};

struct policy_cache {
    struct policy_cache_entry *entries;
    struct sql_pool *pool;
    struct sql_mailbox *mailbox;
    struct event *tick;
    struct event *load_soon;
    int64_t refresh_us;
    bool loading; /* a query is under way */
};

struct policy_row {
    uint64_t policy_id;
    struct policy_window window;
};

struct load_job {
    struct sql_job job;
    struct policy_cache *cache;
    uint64_t ids[LOAD_MAX];
    size_t id_count;
    struct policy_row *rows; /* in the order of the policies */
    size_t row_count;
};

static struct policy_cache_entry *find(struct policy_cache *cache, uint64_t policy_id)
{
    struct policy_cache_entry *entry;

    HASH_FIND(hh, cache->entries, &policy_id, sizeof policy_id, entry);
    return entry;
}

static enum policy_answer answer_of(const struct policy_cache_entry *entry)
{
    switch (entry->state) {
    case ENTRY_LOADED:
        return entry->count > 0 ? POLICY_KNOWN : POLICY_ABSENT;
    case ENTRY_NEW:
    case ENTRY_FAILED:
        return POLICY_DOUBTFUL;
    }
    CHECK(0, "entry state %d", (int)entry->state);
}

/* Tell those who wait; until_us: only those whose time is over by then. */
static void wake(struct policy_cache_entry *entry, int64_t until_us)
{
    const struct policy_view view = {entry->windows, entry->count};
    struct policy_wait *wait;

    while ((wait = TAILQ_FIRST(&entry->waiting)) && wait->deadline_us <= until_us) {
        TAILQ_REMOVE(&entry->waiting, wait, next);
        wait->entry = NULL;
        wait->ready(wait, answer_of(entry), &view);
    }
}

void policy_cache_leave(struct policy_wait *wait)
{
    if (!wait->entry)
        return;
    TAILQ_REMOVE(&wait->entry->waiting, wait, next);
    wait->entry = NULL;
}

static void read_row(void *cookie, char **values, const unsigned long *lengths)
{
    struct load_job *load = cookie;
    struct policy_row *row;

    load->rows = reallocarray(load->rows, load->row_count + 1, sizeof *load->rows);
    CHECK(load->rows, "out of memory");
    row = &load->rows[load->row_count++];
    row->policy_id = (uint64_t)sql_read_number(values[0], 0);
    row->window.coupon_id = (uint64_t)sql_read_number(values[1], 0);
    row->window.starts_at_ms = sql_read_time(values[2], lengths[2], 0);
    row->window.ends_at_ms = sql_read_time(values[3], lengths[3], COUPON_NEVER_MS);
}

static enum sql_class run_load(struct sql_job *job, struct sql_session *session,
                               struct sql_fault *fault)
{
    struct load_job *load = (struct load_job *)job;
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_add_text(&statement, "SELECT policy_id,coupon_id,issue_starts_at,issue_ends_at "
                                "FROM coupon WHERE policy_id IN (");
    for (size_t i = 0; i < load->id_count; i++) {
        if (i)
            strbuf_add(&statement, ",", 1);
        strbuf_add_u64(&statement, load->ids[i]);
    }
    strbuf_addf(&statement, ") ORDER BY policy_id LIMIT %d", LOAD_MAX * WINDOWS_MAX);
    class = sql_session_query(session, statement.data, statement.len, read_row, load, fault);
    strbuf_free(&statement);
    return class;
}

static void take_rows(struct policy_cache_entry *entry, const struct load_job *load)
{
    size_t count = 0;

    free(entry->windows);
    entry->windows = NULL;
    for (size_t i = 0; i < load->row_count; i++)
        count += load->rows[i].policy_id == entry->policy_id;
    entry->count = 0;
    if (count == 0)
        return;
    entry->windows = calloc(count, sizeof *entry->windows);
    CHECK(entry->windows, "out of memory");
    for (size_t i = 0; i < load->row_count; i++)
        if (load->rows[i].policy_id == entry->policy_id)
            entry->windows[entry->count++] = load->rows[i].window;
}

static void take_answer(struct policy_cache_entry *entry, const struct load_job *load,
                        int64_t now_us)
{
    bool failed = load->job.class != SQL_OK;

    entry->loading = false;
    if (entry->wanted && !failed)
        return; /* it changed meanwhile: this may be from before */
    entry->changed = false;
    if (!failed) {
        entry->state = ENTRY_LOADED;
        take_rows(entry, load);
    } else if (entry->state == ENTRY_NEW) {
        entry->state = ENTRY_FAILED;
    }
    entry->loaded_us = now_us;
    wake(entry, INT64_MAX);
}

static void load_soon(struct policy_cache *cache)
{
    event_active(cache->load_soon, EV_TIMEOUT, 0);
}

static void loaded(struct sql_job *job)
{
    struct load_job *load = (struct load_job *)job;
    struct policy_cache *cache = load->cache;
    int64_t now_us = clock_monotonic_us();

    cache->loading = false;
    if (job->class != SQL_OK)
        log_warn("policies_not_read", "error %u: %s; going on with what is known", job->fault.code,
                 job->fault.text);
    for (size_t i = 0; i < load->id_count; i++) {
        struct policy_cache_entry *entry = find(cache, load->ids[i]);

        if (entry)
            take_answer(entry, load, now_us);
    }
    free(load->rows);
    free(load);
    load_soon(cache);
}

/* Ask for all that is wanted, one query at a time. */
static void load(evutil_socket_t fd, short what, void *cookie)
{
    struct policy_cache *cache = cookie;
    struct load_job *load_job;

    (void)fd;
    (void)what;
    if (cache->loading)
        return;
    load_job = calloc(1, sizeof *load_job);
    CHECK(load_job, "out of memory");
    for (struct policy_cache_entry *entry = cache->entries; entry && load_job->id_count < LOAD_MAX;
         entry = entry->hh.next) {
        if (!entry->wanted)
            continue;
        entry->wanted = false;
        entry->loading = true;
        load_job->ids[load_job->id_count++] = entry->policy_id;
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

static void want(struct policy_cache *cache, struct policy_cache_entry *entry)
{
    entry->wanted = true;
    load_soon(cache);
}

static bool may_go(const struct policy_cache_entry *entry)
{
    return !entry->loading && !entry->wanted && TAILQ_EMPTY(&entry->waiting);
}

static void drop(struct policy_cache *cache, struct policy_cache_entry *entry)
{
    HASH_DEL(cache->entries, entry);
    free(entry->windows);
    free(entry);
}

static void tick(evutil_socket_t fd, short what, void *cookie)
{
    struct policy_cache *cache = cookie;
    int64_t now_us = clock_monotonic_us();
    struct policy_cache_entry *entry, *next;

    (void)fd;
    (void)what;
    HASH_ITER (hh, cache->entries, entry, next) {
        wake(entry, now_us);
        if (may_go(entry) && now_us - entry->used_us > IDLE_US)
            drop(cache, entry);
    }
}

struct policy_cache *policy_cache_new(struct event_base *base, struct sql_pool *pool,
                                      struct sql_mailbox *mailbox, int64_t refresh_ms)
{
    const struct timeval interval = {.tv_usec = TICK_MS * 1000};
    struct policy_cache *cache = calloc(1, sizeof *cache);

    CHECK(cache, "out of memory");
    cache->pool = pool;
    cache->mailbox = mailbox;
    cache->refresh_us = refresh_ms * 1000;
    cache->tick = event_new(base, -1, EV_PERSIST, tick, cache);
    cache->load_soon = event_new(base, -1, 0, load, cache);
    CHECK(cache->tick && cache->load_soon, "out of memory");
    event_add(cache->tick, &interval);
    return cache;
}

void policy_cache_free(struct policy_cache *cache)
{
    struct policy_cache_entry *entry, *next;

    if (!cache)
        return;
    CHECK(!cache->loading, "a query is under way");
    HASH_ITER (hh, cache->entries, entry, next) {
        CHECK(TAILQ_EMPTY(&entry->waiting), "policy %" PRIu64 " is still waited for",
              entry->policy_id);
        drop(cache, entry);
    }
    event_free(cache->load_soon);
    event_free(cache->tick);
    free(cache);
}

/* Make room by dropping the entry that was added first and that nobody waits for. */
static bool make_room(struct policy_cache *cache)
{
    struct policy_cache_entry *entry, *next;

    if (HASH_COUNT(cache->entries) < ENTRIES_MAX)
        return true;
    HASH_ITER (hh, cache->entries, entry, next) {
        if (may_go(entry)) {
            drop(cache, entry);
            return true;
        }
    }
    return false;
}

static struct policy_cache_entry *add(struct policy_cache *cache, uint64_t policy_id)
{
    struct policy_cache_entry *entry;

    if (!make_room(cache))
        return NULL;
    entry = calloc(1, sizeof *entry);
    CHECK(entry, "out of memory");
    entry->policy_id = policy_id;
    TAILQ_INIT(&entry->waiting);
    HASH_ADD(hh, cache->entries, policy_id, sizeof entry->policy_id, entry);
    return entry;
}

/* True: it need not be read before it is used. */
static bool is_good(const struct policy_cache *cache, const struct policy_cache_entry *entry,
                    int64_t age_us)
{
    switch (entry->state) {
    case ENTRY_LOADED:
        return !entry->changed &&
               age_us < (entry->count > 0 ? STALE_REFRESHES : 1) * cache->refresh_us;
    case ENTRY_FAILED:
        return age_us < cache->refresh_us;
    case ENTRY_NEW:
        break;
    }
    return false;
}

enum policy_answer policy_cache_find(struct policy_cache *cache, uint64_t policy_id,
                                     struct policy_view *view, struct policy_wait *wait)
{
    struct policy_cache_entry *entry = find(cache, policy_id);
    int64_t now_us = clock_monotonic_us();
    int64_t age_us;

    if (!entry)
        entry = add(cache, policy_id);
    if (!entry)
        return POLICY_DOUBTFUL;
    entry->used_us = now_us;
    age_us = now_us - entry->loaded_us;
    if (!entry->loading && age_us >= cache->refresh_us)
        want(cache, entry);
    if (is_good(cache, entry, age_us)) {
        *view = (struct policy_view){entry->windows, entry->count};
        return answer_of(entry);
    }
    if (!entry->loading)
        want(cache, entry);
    if (!wait)
        return POLICY_WAIT;
    wait->deadline_us = now_us + WAIT_MAX_US;
    wait->entry = entry;
    TAILQ_INSERT_TAIL(&entry->waiting, wait, next);
    return POLICY_WAIT;
}

void policy_cache_changed(struct policy_cache *cache)
{
    for (struct policy_cache_entry *entry = cache->entries; entry; entry = entry->hh.next) {
        /* Also where a query is under way: it may have been answered before the change. */
        entry->changed = true;
        want(cache, entry);
    }
}
