#include "issue-worker/relay/outbox_rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

void outbox_chunk_free(struct outbox_chunk *chunk)
{
    free(chunk->rows);
    strbuf_free(&chunk->bytes);
}

const char *outbox_chunk_text(const struct outbox_chunk *chunk, size_t place)
{
    return chunk->bytes.data + place;
}

static size_t keep(struct outbox_chunk *chunk, const char *text, unsigned long len)
{
    size_t place = chunk->bytes.len;

    strbuf_add(&chunk->bytes, text, len);
    strbuf_add(&chunk->bytes, "", 1);
    return place;
}

static void read_row(void *cookie, char **values, const unsigned long *lengths)
{
    struct outbox_chunk *chunk = cookie;
    struct outbox_row *row;

    CHECK(chunk->count < chunk->capacity, "an answer that was not asked for");
    row = &chunk->rows[chunk->count++];
    row->seq = (uint64_t)sql_read_number(values[0], 0);
    row->id = keep(chunk, values[1], lengths[1]);
    row->key = keep(chunk, values[2], lengths[2]);
    row->key_len = lengths[2];
    row->type = keep(chunk, values[3], lengths[3]);
    row->subject = keep(chunk, values[4], lengths[4]);
    row->payload = keep(chunk, values[5], lengths[5]);
    row->payload_len = lengths[5];
    row->created_at_ms = sql_read_time(values[6], lengths[6], 0);
}

enum sql_class outbox_rows_read(struct sql_session *session, size_t max, struct outbox_chunk *chunk,
                                struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    if (chunk->capacity < max) {
        chunk->rows = reallocarray(chunk->rows, max, sizeof *chunk->rows);
        CHECK(chunk->rows, "out of memory");
        chunk->capacity = max;
    }
    chunk->count = 0;
    strbuf_clear(&chunk->bytes);
    strbuf_addf(&statement,
                "SELECT seq,id,aggregateid,type,subject,payload,created_at FROM outbox "
                "FORCE INDEX (outbox_published) WHERE published_at IS NULL ORDER BY seq LIMIT %zu",
                max);
    class = sql_session_query(session, statement.data, statement.len, read_row, chunk, fault);
    strbuf_free(&statement);
    if (class != SQL_OK)
        chunk->count = 0;
    return class;
}

enum sql_class outbox_rows_mark(struct sql_session *session, const struct outbox_chunk *chunk,
                                struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_add_text(&statement, "UPDATE outbox FORCE INDEX (PRIMARY) SET "
                                "published_at=UTC_TIMESTAMP(3) WHERE seq IN (");
    for (size_t i = 0; i < chunk->count; i++) {
        if (i > 0)
            strbuf_add(&statement, ",", 1);
        strbuf_add_u64(&statement, chunk->rows[i].seq);
    }
    strbuf_add_text(&statement, ") AND published_at IS NULL");
    class = sql_session_execute(session, statement.data, statement.len, fault);
    strbuf_free(&statement);
    return class;
}

static void read_backlog(void *cookie, char **values, const unsigned long *lengths)
{
    struct outbox_backlog *backlog = cookie;

    (void)lengths;
    backlog->events = sql_read_number(values[0], 0);
    backlog->oldest_us = sql_read_number(values[1], 0);
}

enum sql_class outbox_rows_backlog(struct sql_session *session, struct outbox_backlog *backlog,
                                   struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_addf(&statement,
                "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE published_at IS NULL "
                "LIMIT %d) waiting),(SELECT GREATEST(1,TIMESTAMPDIFF(MICROSECOND,created_at,"
                "UTC_TIMESTAMP(3))) FROM outbox FORCE INDEX (outbox_published) "
                "WHERE published_at IS NULL ORDER BY seq LIMIT 1)",
                OUTBOX_BACKLOG_MAX);
    class = sql_session_query(session, statement.data, statement.len, read_backlog, backlog, fault);
    strbuf_free(&statement);
    return class;
}
