#include "api-gateway/coupon_cache.h"

#include <stdlib.h>

#include "common/base/check.h"
#include "common/mysql/coupon_row.h"

#define LOAD_MAX 200
#define ENTRIES_MAX 20000

struct coupon_cache {
    struct near_cache *near;
};

struct coupon_entry {
    struct near_entry near; /* first */
    struct coupon_view view;
};

static const struct coupon_view *view_of(const struct near_entry *entry)
{
    return &((const struct coupon_entry *)entry)->view;
}

static void read_coupon(void *row, char **values, const unsigned long *lengths)
{
    coupon_row_read(values, lengths, row);
}

static bool take_coupon(struct near_entry *entry, const void *rows, size_t count)
{
    const struct coupon *coupons = rows;

    for (size_t i = 0; i < count; i++) {
        if (coupons[i].coupon_id != entry->id)
            continue;
        ((struct coupon_entry *)entry)->view.coupon = coupons[i];
        return true;
    }
    return false;
}

static const struct near_kind coupons = {
    .log_event = "coupons_not_read",
    .select = "SELECT " COUPON_ROW_COLUMNS " FROM coupon WHERE coupon_id IN (",
    .order = "",
    .entry_size = sizeof(struct coupon_entry),
    .row_size = sizeof(struct coupon),
    .load_max = LOAD_MAX,
    .entries_max = ENTRIES_MAX,
    .read = read_coupon,
    .take = take_coupon,
};

struct coupon_cache *coupon_cache_new(struct event_base *base, struct sql_pool *pool,
                                      struct sql_mailbox *mailbox, int64_t refresh_ms)
{
    struct coupon_cache *cache = calloc(1, sizeof *cache);

    CHECK(cache, "out of memory");
    cache->near = near_cache_new(&coupons, base, pool, mailbox, refresh_ms);
    return cache;
}

void coupon_cache_free(struct coupon_cache *cache)
{
    if (!cache)
        return;
    near_cache_free(cache->near);
    free(cache);
}

static void ready(struct near_wait *near, enum near_answer answer, const struct near_entry *entry)
{
    struct coupon_wait *wait = (struct coupon_wait *)near;

    wait->ready(wait, (enum coupon_answer)answer, view_of(entry));
}

enum coupon_answer coupon_cache_find(struct coupon_cache *cache, uint64_t coupon_id,
                                     const struct coupon_view **view, struct coupon_wait *wait)
{
    const struct near_entry *entry;
    enum near_answer answer;

    if (wait)
        wait->near.ready = ready;
    answer = near_cache_find(cache->near, coupon_id, &entry, wait ? &wait->near : NULL);
    if (answer == NEAR_KNOWN)
        *view = view_of(entry);
    return (enum coupon_answer)answer;
}

void coupon_cache_leave(struct coupon_wait *wait)
{
    near_cache_leave(&wait->near);
}

bool coupon_cache_sold_out(struct coupon_cache *cache, uint64_t coupon_id, uint32_t total_stock)
{
    struct coupon_entry *entry = (struct coupon_entry *)near_cache_peek(cache->near, coupon_id);

    if (!entry)
        return true;
    if (entry->view.sold_out_stock < total_stock)
        entry->view.sold_out_stock = total_stock;
    return entry->near.state != NEAR_LOADED || entry->near.changed ||
           entry->view.coupon.status != COUPON_OPEN || admission_remaining(&entry->view) == 0;
}

void coupon_cache_changed(struct coupon_cache *cache, uint64_t coupon_id)
{
    near_cache_changed(cache->near, coupon_id);
}

void coupon_cache_changed_all(struct coupon_cache *cache)
{
    near_cache_reread_all(cache->near);
}
