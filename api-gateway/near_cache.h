#ifndef NEAR_CACHE_H
#define NEAR_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <uthash.h>

#include "api-gateway/sql_pool.h"
#include "common/base/strbuf.h"

struct event_base;

/* One loop's near cache of something that MySQL keeps under a number. Entries in use are read again
 * in the background; whoever asks for one that is not here waits, together with all others who do;
 * all that is wanted is read in one query at a time. While MySQL does not answer, what is known
 * holds. Loop thread only. */
struct near_cache;

enum near_answer {
    NEAR_KNOWN,   /* at most a refresh old while MySQL answers, older while it does not */
    NEAR_ABSENT,  /* MySQL has nothing under this number */
    NEAR_WAIT,    /* being read */
    NEAR_DOUBTFUL /* could not be read */
};

/* NEW → LOADED or ABSENT by an answer; FAILED when MySQL did not answer the first time. */
enum near_state { NEAR_NEW, NEAR_LOADED, NEAR_NOTHING, NEAR_FAILED };

/* The head of an entry; behind it stands what is kept, of which the cache knows nothing. */
struct near_entry {
    uint64_t id;
    enum near_state state;
    bool wanted;  /* to be read with the next query */
    bool loading; /* in the query that is under way */
    bool changed; /* what is kept is known to be out of date */
    int64_t loaded_us;
    int64_t used_us;
    TAILQ_HEAD(, near_wait) waiting;
    UT_hash_handle hh;
};

/* Somebody who waits; embedded in what waits. */
struct near_wait {
    void (*ready)(struct near_wait *wait, enum near_answer answer, const struct near_entry *entry);
    int64_t deadline_us;
    struct near_entry *entry; /* NULL: not waiting */
    TAILQ_ENTRY(near_wait) next;
};

/* What is kept and how it is read. Constant. */
struct near_kind {
    const char *log_event; /* of the line that says that MySQL did not answer */
    const char *select;    /* the statement up to the numbers: "… WHERE coupon_id IN (" */
    const char
        *order; /* what stands behind "(1,2,3)", with a LIMIT where it could be much, or "" */
    size_t entry_size; /* of a struct that begins with a near_entry, zeroed at first */
    size_t row_size;
    size_t load_max;    /* numbers in one query */
    size_t entries_max; /* then the oldest go */
    /* Read a row into row_size bytes. On a thread of the pool. */
    void (*read)(void *row, char **values, const unsigned long *lengths);
    /* Keep what the rows of an answer, in the statement's order, say of this entry. False: nothing.
     */
    bool (*take)(struct near_entry *entry, const void *rows, size_t count);
    /* Free what the entry points to; NULL: it points to nothing. */
    void (*release)(struct near_entry *entry);
};

struct near_cache *near_cache_new(const struct near_kind *kind, struct event_base *base,
                                  struct sql_pool *pool, struct sql_mailbox *mailbox,
                                  int64_t refresh_ms);

/* Nobody waits any more, and the mailbox is freed. */
void near_cache_free(struct near_cache *cache);

/* Look a number up. With KNOWN *entry is valid until the loop turns. With WAIT, wait->ready is
 * called later, never from inside, within a few hundred milliseconds, with an entry where the
 * answer is KNOWN. wait NULL only looks. */
enum near_answer near_cache_find(struct near_cache *cache, uint64_t id,
                                 const struct near_entry **entry, struct near_wait *wait);

/* Stop waiting; ready is not called. Nothing where it does not wait. */
void near_cache_leave(struct near_wait *wait);

/* What is here under the number, in whatever state, or NULL. */
struct near_entry *near_cache_peek(struct near_cache *cache, uint64_t id);

/* It changed: it is read again now, and whoever asks meanwhile waits for that. */
void near_cache_changed(struct near_cache *cache, uint64_t id);
void near_cache_changed_all(struct near_cache *cache);

/* Read all again now; meanwhile what is here holds. */
void near_cache_reread_all(struct near_cache *cache);

#endif
