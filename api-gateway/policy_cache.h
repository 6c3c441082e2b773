#ifndef POLICY_CACHE_H
#define POLICY_CACHE_H

#include "api-gateway/near_cache.h"
#include "common/contract/policy_choice.h"

/* One loop's near cache of the windows of policies (see near_cache.h). It only says which coupon a
 * request for a policy is for; what can be had of that coupon is the coupon cache's to say. Loop
 * thread only. */
struct policy_cache;

enum policy_answer {
    POLICY_KNOWN = NEAR_KNOWN,
    POLICY_ABSENT = NEAR_ABSENT, /* there is no coupon of such a policy */
    POLICY_WAIT = NEAR_WAIT,
    POLICY_DOUBTFUL = NEAR_DOUBTFUL
};

/* What is known of a policy. */
struct policy_view {
    const struct policy_window *windows;
    size_t count;
};

/* Somebody who waits; embedded in what waits. */
struct policy_wait {
    struct near_wait near; /* first; set by policy_cache_find */
    void (*ready)(struct policy_wait *wait, enum policy_answer answer,
                  const struct policy_view *view);
};

struct policy_cache *policy_cache_new(struct event_base *base, struct sql_pool *pool,
                                      struct sql_mailbox *mailbox, int64_t refresh_ms);

/* Nobody waits any more, and the mailbox is freed. */
void policy_cache_free(struct policy_cache *cache);

/* Look a policy up. *view is valid until the loop turns. With POLICY_WAIT, wait->ready is called
 * later, never from inside, within a few hundred milliseconds; view is there then where the answer
 * is POLICY_KNOWN. wait NULL only looks. */
enum policy_answer policy_cache_find(struct policy_cache *cache, uint64_t policy_id,
                                     struct policy_view *view, struct policy_wait *wait);

/* Stop waiting; ready is not called. Nothing where it does not wait. */
void policy_cache_leave(struct policy_wait *wait);

/* Some coupon changed, maybe a window: whoever asks from now on waits for a fresh look. */
void policy_cache_changed(struct policy_cache *cache);

#endif
