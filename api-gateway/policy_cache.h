#ifndef POLICY_CACHE_H
#define POLICY_CACHE_H

#include <sys/queue.h>

#include "api-gateway/sql_pool.h"
#include "common/contract/policy_choice.h"

struct event_base;

/* One loop's near cache of the windows of policies. It only says which coupon a request for a
 * policy is for; what can be had of that coupon is the coupon cache's to say. Policies in use are
 * read again in the background; requests for one that is not here wait together; all that is
 * wanted is read in one query at a time. Loop thread only. */
struct policy_cache;

enum policy_answer {
    POLICY_KNOWN,   /* at most a refresh old while MySQL answers, older while it does not */
    POLICY_ABSENT,  /* there is no coupon of such a policy */
    POLICY_WAIT,    /* being read */
    POLICY_DOUBTFUL /* could not be read */
};

/* What is known of a policy. */
struct policy_view {
    const struct policy_window *windows;
    size_t count;
};

/* Somebody who waits; embedded in what waits. */
struct policy_wait {
    void (*ready)(struct policy_wait *wait, enum policy_answer answer,
                  const struct policy_view *view);
    int64_t deadline_us;
    struct policy_cache_entry *entry; /* NULL: not waiting */
    TAILQ_ENTRY(policy_wait) next;
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
