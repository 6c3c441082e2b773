#include "api-gateway/policy_cache.h"

#include <stdlib.h>

#include "common/base/check.h"
#include "common/contract/coupon.h"

#define LOAD_MAX 50
#define ENTRIES_MAX 5000

struct policy_cache {
    struct near_cache *near;
};

struct policy_entry {
    struct near_entry near; /* first */
    struct policy_window *windows;
    size_t count;
};

struct policy_row {
    uint64_t policy_id;
    struct policy_window window;
};

static struct policy_view view_of(const struct near_entry *near)
{
    const struct policy_entry *entry = (const struct policy_entry *)near;

    return (struct policy_view){entry->windows, entry->count};
}

static void read_window(void *cookie, char **values, const unsigned long *lengths)
{
    *(struct policy_row *)cookie = (struct policy_row){
        .policy_id = (uint64_t)sql_read_number(values[0], 0),
        .window.coupon_id = (uint64_t)sql_read_number(values[1], 0),
        .window.starts_at_ms = sql_read_time(values[2], lengths[2], 0),
        .window.ends_at_ms = sql_read_time(values[3], lengths[3], COUPON_NEVER_MS),
    };
}

static void release_windows(struct near_entry *near)
{
    struct policy_entry *entry = (struct policy_entry *)near;

    free(entry->windows);
    entry->windows = NULL;
    entry->count = 0;
}

static bool take_windows(struct near_entry *near, const void *cookie, size_t row_count)
{
    struct policy_entry *entry = (struct policy_entry *)near;
    const struct policy_row *rows = cookie;
    size_t count = 0;

    release_windows(near);
    for (size_t i = 0; i < row_count; i++)
        count += rows[i].policy_id == near->id;
    if (count == 0)
        return false;
    entry->windows = calloc(count, sizeof *entry->windows);
    CHECK(entry->windows, "out of memory");
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].policy_id == near->id)
            entry->windows[entry->count++] = rows[i].window;
    return true;
}

static const struct near_kind policies = {
    .log_event = "policies_not_read",
    .select = "SELECT policy_id,coupon_id,issue_starts_at,issue_ends_at "
              "FROM coupon WHERE policy_id IN (",
    /* A thousand windows a policy; further ones are not seen here. */
    .order = " ORDER BY policy_id LIMIT 50000",
    .entry_size = sizeof(struct policy_entry),
    .row_size = sizeof(struct policy_row),
    .load_max = LOAD_MAX,
    .entries_max = ENTRIES_MAX,
    .read = read_window,
    .take = take_windows,
    .release = release_windows,
};

struct policy_cache *policy_cache_new(struct event_base *base, struct sql_pool *pool,
                                      struct sql_mailbox *mailbox, int64_t refresh_ms)
{
    struct policy_cache *cache = calloc(1, sizeof *cache);

    CHECK(cache, "out of memory");
    cache->near = near_cache_new(&policies, base, pool, mailbox, refresh_ms);
    return cache;
}

void policy_cache_free(struct policy_cache *cache)
{
    if (!cache)
        return;
    near_cache_free(cache->near);
    free(cache);
}

static void ready(struct near_wait *near, enum near_answer answer, const struct near_entry *entry)
{
    struct policy_wait *wait = (struct policy_wait *)near;
    const struct policy_view view = view_of(entry);

    wait->ready(wait, (enum policy_answer)answer, &view);
}

enum policy_answer policy_cache_find(struct policy_cache *cache, uint64_t policy_id,
                                     struct policy_view *view, struct policy_wait *wait)
{
    const struct near_entry *entry;
    enum near_answer answer;

    if (wait)
        wait->near.ready = ready;
    answer = near_cache_find(cache->near, policy_id, &entry, wait ? &wait->near : NULL);
    if (answer == NEAR_KNOWN)
        *view = view_of(entry);
    return (enum policy_answer)answer;
}

void policy_cache_leave(struct policy_wait *wait)
{
    near_cache_leave(&wait->near);
}

void policy_cache_changed(struct policy_cache *cache)
{
    near_cache_changed_all(cache->near);
}
