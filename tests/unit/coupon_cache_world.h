#ifndef COUPON_CACHE_WORLD_H
#define COUPON_CACHE_WORLD_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/coupon_cache.h"
#include "common/base/container_of.h"
#include "tests/unit/loop.h"
#include "tests/unit/sql_fakes.h"

/* A coupon cache on a loop, before a table of coupons that a test fills. */
#define REFRESH_MS 1000
#define SECOND INT64_C(1000000)

/* The table coupon: total_stock by id; 0: no such row. */
static uint32_t stock[1000];

static inline void sql_fake_rows(const char *text, sql_row row, void *cookie)
{
    const char *at = strstr(text, "coupon_id IN (") + strlen("coupon_id IN (");

    while (*at != ')') {
        char *end;
        uint64_t id = strtoull(at, &end, 10);
        char id_text[24], stock_text[24], fixed[] = "FIXED", none[] = "0", one[] = "1";
        char open[] = "OPEN", starts[] = "2022-01-01 00:00:00.000";
        char *values[] = {id_text, NULL,   none, fixed, none, none, NULL, stock_text, none,
                          one,     starts, NULL, NULL,  NULL, open, NULL, one};
        unsigned long lengths[17];

        at = end + (*end == ',');
        if (stock[id] == 0)
            continue;
        snprintf(id_text, sizeof id_text, "%" PRIu64, id);
        snprintf(stock_text, sizeof stock_text, "%" PRIu32, stock[id]);
        for (size_t i = 0; i < 17; i++)
            lengths[i] = values[i] ? strlen(values[i]) : 0;
        row(cookie, values, lengths);
    }
}

struct asker {
    struct coupon_wait wait;
    int told;
    enum coupon_answer answer;
    uint32_t total_stock;
};

struct world {
    struct event_base *base;
    struct coupon_cache *cache;
};

static inline void ready(struct coupon_wait *wait, enum coupon_answer answer,
                         const struct coupon_view *view)
{
    struct asker *asker = CONTAINER_OF(wait, struct asker, wait);

    assert_null(wait->near.entry); /* it does not wait any more */
    asker->told++;
    asker->answer = answer;
    asker->total_stock = answer == COUPON_KNOWN ? view->coupon.total_stock : 0;
}

static inline int new_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    memset(stock, 0, sizeof stock);
    for (uint32_t id = 1; id < 900; id++)
        stock[id] = 1000 + id;
    sql_fake_count = sql_fake_asked = 0;
    sql_fake_full = false;
    world->base = event_base_new();
    world->cache = coupon_cache_new(world->base, NULL, NULL, REFRESH_MS);
    *state = world;
    return 0;
}

static inline int free_world(void **state)
{
    struct world *world = *state;

    while (sql_fake_count)
        sql_fake_answer(SQL_OUTAGE);
    coupon_cache_free(world->cache);
    event_base_free(world->base);
    free(world);
    return 0;
}

/* Put the clock forward, and let the cache see it. */
static inline void later(struct world *world, int64_t us)
{
    clock_fake_us += us;
    loop_run_ms(world->base, 70);
}

static inline enum coupon_answer find(struct world *world, uint64_t coupon_id, struct asker *asker,
                                      uint32_t *total_stock)
{
    const struct coupon_view *view = NULL;
    enum coupon_answer answer;

    *asker = (struct asker){.wait.ready = ready};
    answer = coupon_cache_find(world->cache, coupon_id, &view, &asker->wait);
    *total_stock = answer == COUPON_KNOWN ? view->coupon.total_stock : 0;
    return answer;
}

static inline void expect_find(struct world *world, uint64_t coupon_id, enum coupon_answer expected,
                               uint32_t expected_stock)
{
    struct asker asker;
    uint32_t seen_stock;
    enum coupon_answer seen = find(world, coupon_id, &asker, &seen_stock);

    coupon_cache_leave(&asker.wait);
    if (seen != expected || seen_stock != expected_stock)
        fail_msg("coupon %" PRIu64 ": expected answer %d, stock %" PRIu32 "; saw %d, %" PRIu32,
                 coupon_id, expected, expected_stock, seen, seen_stock);
}

static inline void expect_told(const struct asker *asker, int told, enum coupon_answer answer,
                               uint32_t total_stock)
{
    if (asker->told != told ||
        (told && (asker->answer != answer || asker->total_stock != total_stock)))
        fail_msg("expected told %d × %d, stock %" PRIu32 "; saw %d × %d, %" PRIu32, told, answer,
                 total_stock, asker->told, asker->answer, asker->total_stock);
}

static inline void expect_asked(size_t expected)
{
    if (sql_fake_asked != expected)
        fail_msg("expected %zu queries, saw %zu (%.200s)", expected, sql_fake_asked, sql_fake_text);
}

/* Have these coupons in the cache. */
static inline void load(struct world *world, uint64_t first, uint64_t last)
{
    for (uint64_t id = first; id <= last; id++) {
        struct asker asker;
        uint32_t ignored;

        find(world, id, &asker, &ignored);
        coupon_cache_leave(&asker.wait);
    }
    loop_run_ms(world->base, 5);
    while (sql_fake_count) {
        sql_fake_answer(SQL_OK);
        loop_run_ms(world->base, 5);
    }
    sql_fake_asked = 0;
}

#endif
