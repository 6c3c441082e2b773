#ifndef COUPON_CACHE_H
#define COUPON_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "api-gateway/admission.h"
#include "api-gateway/near_cache.h"

/* One loop's near cache of coupons (see near_cache.h). Loop thread only. */
struct coupon_cache;

enum coupon_answer {
    COUPON_KNOWN = NEAR_KNOWN,      /* a view */
    COUPON_ABSENT = NEAR_ABSENT,    /* there is no such coupon */
    COUPON_WAIT = NEAR_WAIT,        /* being read */
    COUPON_DOUBTFUL = NEAR_DOUBTFUL /* could not be read: let the worker decide */
};

/* Somebody who waits; embedded in what waits. */
struct coupon_wait {
    struct near_wait near; /* first; set by coupon_cache_find */
    void (*ready)(struct coupon_wait *wait, enum coupon_answer answer,
                  const struct coupon_view *view);
};

struct coupon_cache *coupon_cache_new(struct event_base *base, struct sql_pool *pool,
                                      struct sql_mailbox *mailbox, int64_t refresh_ms);

/* Nobody waits any more, and the mailbox is freed. */
void coupon_cache_free(struct coupon_cache *cache);

/* Look a coupon up. *view is valid until the loop turns. With COUPON_WAIT, wait->ready is called
 * later, never from inside, within a few hundred milliseconds; wait NULL only looks. */
enum coupon_answer coupon_cache_find(struct coupon_cache *cache, uint64_t coupon_id,
                                     const struct coupon_view **view, struct coupon_wait *wait);

/* Stop waiting; ready is not called. Nothing where it does not wait. */
void coupon_cache_leave(struct coupon_wait *wait);

/* The worker says that nothing is left of total_stock: takes effect at once. False: stock was added
 * since, as far as is known here, and the news is old. */
bool coupon_cache_sold_out(struct coupon_cache *cache, uint64_t coupon_id, uint32_t total_stock);

/* The row changed: it is read again now, and whoever asks meanwhile waits for that. */
void coupon_cache_changed(struct coupon_cache *cache, uint64_t coupon_id);

/* Read everything again now: broadcasts may have been missed. */
void coupon_cache_changed_all(struct coupon_cache *cache);

#endif
