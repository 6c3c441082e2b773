#ifndef RESULT_LOOKUP_H
#define RESULT_LOOKUP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api-gateway/redis_link.h"
#include "api-gateway/result_cache.h"
#include "api-gateway/sql_pool.h"

struct event_base;

/* Finds final results: in Redis, and what is not there in MySQL. Equal questions are asked once,
 * and those that come together go out together. Loop thread only. */
struct result_lookup;

enum result_answer { RESULT_FOUND, RESULT_ABSENT, RESULT_UNAVAILABLE };

/* Somebody who asks; embedded in what asks. */
struct result_wait {
    /* json: the answer's body when FOUND, valid in the call only. */
    void (*answered)(struct result_wait *wait, enum result_answer answer, const char *json,
                     size_t len);
    void *waiting_in; /* NULL: not waiting */
    TAILQ_ENTRY(result_wait) next;
};

/* Results found are put into cache too. */
struct result_lookup *result_lookup_new(struct event_base *base, struct redis_link *redis,
                                        struct sql_pool *pool, struct sql_mailbox *mailbox,
                                        struct result_cache *cache);

/* Nobody waits any more, and the link and the mailbox are freed. */
void result_lookup_free(struct result_lookup *lookup);

/* Ask; wait->answered is called later, never from inside, within about two seconds. The answer is
 * not older than the question. */
void result_lookup_ask(struct result_lookup *lookup, const char *request_id, size_t len,
                       struct result_wait *wait);

/* Do not answer any more. Nothing where it does not wait. */
void result_lookup_leave(struct result_wait *wait);

#endif
