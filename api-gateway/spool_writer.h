#ifndef SPOOL_WRITER_H
#define SPOOL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "api-gateway/spool.h"
#include "api-gateway/sql_pool.h"
#include "common/contract/issue_request.h"

struct event_base;

/* One loop's way into the spool: what waits is written in one statement, one at a time, in the
 * order of its coming. Loop thread only. */
struct spool_writer;

enum spool_outcome {
    SPOOL_COMMITTED,
    SPOOL_DIRECT_AGAIN, /* not written: send it to Kafka, which takes requests again */
    SPOOL_FULL,         /* not written: the limit of rows is reached */
    SPOOL_NOT_WRITTEN,  /* MySQL is away too */
    SPOOL_UNKNOWN       /* it may be written, now or later: MySQL's answer was lost */
};

/* Embedded in what waits. */
struct spool_entry {
    struct issue_request request;
    /* Later, never from inside another function; exactly once unless it leaves. */
    void (*done)(struct spool_entry *entry, enum spool_outcome outcome);
    bool writing; /* its statement is under way */
    TAILQ_ENTRY(spool_entry) next;
};

struct spool_writer *spool_writer_new(struct event_base *base, struct spool *spool,
                                      struct sql_pool *pool, struct sql_mailbox *mailbox);

/* After the mailbox is freed; tells those who still wait SPOOL_NOT_WRITTEN. NULL is allowed. */
void spool_writer_free(struct spool_writer *writer);

/* Must requests of this loop go through it? Also while some that came before still wait. */
bool spool_writer_takes(const struct spool_writer *writer);

/* False: too many wait; entry stays the caller's. */
bool spool_writer_add(struct spool_writer *writer, struct spool_entry *entry);

/* True: it does not wait any more. False: it is being written, and done is still to be called. */
bool spool_writer_leave(struct spool_writer *writer, struct spool_entry *entry);

/* Call several times a second: begins what had to wait for the mode to change. */
void spool_writer_tick(struct spool_writer *writer);

/* Entries that wait or are being written. */
size_t spool_writer_open(const struct spool_writer *writer);

#endif
