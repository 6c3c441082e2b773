#include <stdio.h>

#include "expiry-batch/expiry_step.h"

/* Events that were published before the retention are deleted. What is not published has no
 * published_at and is never due. A cursor on published_at passes by what was just deleted and is
 * not purged yet. */

static void add_due(struct expiry_work *work)
{
    strbuf_add_text(&work->text, " WHERE published_at<");
    sql_add_time(&work->text, work->now_ms - work->outbox_retention_s * 1000);
}

static enum sql_class count(struct expiry_work *work, int64_t *due)
{
    *due = 0;
    if (work->outbox_retention_s == 0)
        return SQL_OK;
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT COUNT(*) FROM outbox");
    add_due(work);
    return expiry_work_number(work, due);
}

struct old_events {
    struct strbuf seqs; /* "1,2,3" */
    size_t count;
    char published_at[32]; /* of the last, quoted */
};

static void read_old(void *cookie, char **values, const unsigned long *lengths)
{
    struct old_events *old = cookie;

    if (old->count++ > 0)
        strbuf_add(&old->seqs, ",", 1);
    strbuf_add(&old->seqs, values[0], lengths[0]);
    snprintf(old->published_at, sizeof old->published_at, "'%.*s'", (int)lengths[1], values[1]);
}

static enum sql_class find_old(struct expiry_work *work, struct old_events *old)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text,
                    "SELECT seq,published_at FROM outbox FORCE INDEX (outbox_published)");
    add_due(work);
    strbuf_addf(&work->text, "%s ORDER BY published_at,seq LIMIT %zu",
                work->cursor.len ? work->cursor.data : "", work->rows_max);
    return sql_session_query(work->session, work->text.data, work->text.len, read_old, old,
                             &work->fault);
}

static enum sql_class delete_old(struct expiry_work *work, const struct old_events *old)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "DELETE FROM outbox");
    add_due(work);
    strbuf_add_text(&work->text, " AND seq IN (");
    strbuf_add(&work->text, old->seqs.data, old->seqs.len);
    strbuf_add(&work->text, ")", 1);
    return expiry_work_execute(work);
}

static enum sql_class chunk(struct expiry_work *work, size_t *seen, size_t *changed)
{
    struct old_events old = {.seqs = STRBUF_INIT};
    enum sql_class class = SQL_OK;

    *changed = 0;
    if (work->outbox_retention_s > 0)
        class = find_old(work, &old);
    *seen = old.count;
    if (class == SQL_OK && old.count > 0) {
        class = delete_old(work, &old);
        *changed = class == SQL_OK ? (size_t)sql_session_changed_rows(work->session) : 0;
    }
    if (class == SQL_OK && old.count > 0) {
        strbuf_clear(&work->cursor);
        strbuf_addf(&work->cursor, " AND published_at>=%s", old.published_at);
    }
    strbuf_free(&old.seqs);
    return class;
}

const struct expiry_step outbox_pruning = {"prune-outbox", "eventsPruned", count, chunk};
