#include <stdio.h>
#include <string.h>

#include "expiry-batch/expiry_step.h"

/* Results of requests that were decided before the retention are deleted. A cursor on decided_at
 * passes by what was just deleted and is not purged yet. */

static void add_due(struct expiry_work *work)
{
    strbuf_add_text(&work->text, " WHERE decided_at<");
    sql_add_time(&work->text, work->now_ms - work->result_retention_s * 1000);
}

static enum sql_class count(struct expiry_work *work, int64_t *due)
{
    *due = 0;
    if (work->result_retention_s == 0)
        return SQL_OK;
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT COUNT(*) FROM coupon_issue_result");
    add_due(work);
    return expiry_work_number(work, due);
}

struct old_results {
    struct expiry_work *work;
    struct strbuf ids; /* quoted */
    size_t count;
    char decided_at[32]; /* of the last */
};

static void read_old(void *cookie, char **values, const unsigned long *lengths)
{
    struct old_results *old = cookie;

    if (old->count++ > 0)
        strbuf_add(&old->ids, ",", 1);
    sql_add_text(old->work->session, &old->ids, values[0], lengths[0]);
    snprintf(old->decided_at, sizeof old->decided_at, "'%.*s'", (int)lengths[1], values[1]);
}

static enum sql_class find_old(struct expiry_work *work, struct old_results *old)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT request_id,decided_at FROM coupon_issue_result "
                                 "FORCE INDEX (coupon_issue_result_decided)");
    add_due(work);
    strbuf_addf(&work->text, "%s ORDER BY decided_at LIMIT %zu",
                work->cursor.len ? work->cursor.data : "", work->rows_max);
    return sql_session_query(work->session, work->text.data, work->text.len, read_old, old,
                             &work->fault);
}

static enum sql_class delete_old(struct expiry_work *work, const struct old_results *old)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "DELETE FROM coupon_issue_result");
    add_due(work);
    strbuf_add_text(&work->text, " AND request_id IN (");
    strbuf_add(&work->text, old->ids.data, old->ids.len);
    strbuf_add(&work->text, ")", 1);
    return expiry_work_execute(work);
}

static enum sql_class chunk(struct expiry_work *work, size_t *seen, size_t *changed)
{
    struct old_results old = {.work = work, .ids = STRBUF_INIT};
    enum sql_class class = SQL_OK;

    *changed = 0;
    if (work->result_retention_s > 0)
        class = find_old(work, &old);
    *seen = old.count;
    if (class == SQL_OK && old.count > 0) {
        class = delete_old(work, &old);
        *changed = (size_t)sql_session_changed_rows(work->session);
    }
    if (class == SQL_OK && old.count > 0) {
        strbuf_clear(&work->cursor);
        strbuf_addf(&work->cursor, " AND decided_at>=%s", old.decided_at);
    }
    strbuf_free(&old.ids);
    return class;
}

const struct expiry_step result_pruning = {"prune-results", "resultsPruned", count, chunk};
