#ifndef OUTBOX_ROWS_H
#define OUTBOX_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "common/mysql/sql_session.h"

/* The unpublished rows of the outbox as the relay sees them: read some, mark them as published,
 * look how many wait. Statements outside of a transaction; a thread that owns the session. */

/* Texts lie in bytes of the chunk, each with a NUL behind it. */
struct outbox_row {
    uint64_t seq;
    int64_t created_at_ms;
    size_t id, key, type, subject, payload; /* where they begin */
    size_t key_len, payload_len;
};

/* Zero-initialise; the memory is kept from chunk to chunk. */
struct outbox_chunk {
    struct outbox_row *rows;
    size_t count, capacity;
    struct strbuf bytes;
};

void outbox_chunk_free(struct outbox_chunk *chunk);
const char *outbox_chunk_text(const struct outbox_chunk *chunk, size_t place);

/* The first unpublished rows by seq, at most max: always from the first, for the reason that
 * outbox_table.h gives. */
enum sql_class outbox_rows_read(struct sql_session *session, size_t max, struct outbox_chunk *chunk,
                                struct sql_fault *fault);

/* They are in Kafka. A row that is marked or gone already is left as it is. */
enum sql_class outbox_rows_mark(struct sql_session *session, const struct outbox_chunk *chunk,
                                struct sql_fault *fault);

/* How many wait, counted up to OUTBOX_BACKLOG_MAX, and for how long the first has. */
#define OUTBOX_BACKLOG_MAX 100000
struct outbox_backlog {
    int64_t events;
    int64_t oldest_us; /* 0: none waits */
};
enum sql_class outbox_rows_backlog(struct sql_session *session, struct outbox_backlog *backlog,
                                   struct sql_fault *fault);

#endif
