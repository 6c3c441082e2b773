#include <inttypes.h>
#include <stdio.h>

#include "expiry-batch/expiry_step.h"

/* Orders that the shop cancelled before they used any coupon: nothing refers to them, and they are
 * kept only so that a payment that comes late does not use one after all. They go when no such
 * payment can come any more. Orders that used a coupon stay: they are what use and cancel-use are
 * told apart by. */

static void add_due(struct expiry_work *work)
{
    strbuf_add_text(&work->text, " WHERE state='CLOSED' AND coupon_id IS NULL AND changed_at<");
    sql_add_time(&work->text, work->now_ms - work->order_retention_s * 1000);
}

static enum sql_class count(struct expiry_work *work, int64_t *due)
{
    *due = 0;
    if (work->order_retention_s == 0)
        return SQL_OK;
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT COUNT(*) FROM coupon_order");
    add_due(work);
    return expiry_work_number(work, due);
}

struct old_orders {
    struct expiry_work *work;
    struct strbuf keys; /* "(7,'A-1'),(8,'A-2')" */
    size_t count;
    char changed_at[32]; /* of the last, quoted */
};

static void read_old(void *cookie, char **values, const unsigned long *lengths)
{
    struct old_orders *old = cookie;

    strbuf_addf(&old->keys, "%s(%s,", old->count++ > 0 ? "," : "", values[0]);
    sql_add_text(old->work->session, &old->keys, values[1], lengths[1]);
    strbuf_add(&old->keys, ")", 1);
    snprintf(old->changed_at, sizeof old->changed_at, "'%.*s'", (int)lengths[2], values[2]);
}

static enum sql_class find_old(struct expiry_work *work, struct old_orders *old)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT user_id,order_id,changed_at FROM coupon_order "
                                 "FORCE INDEX (coupon_order_closed)");
    add_due(work);
    strbuf_addf(&work->text, "%s ORDER BY changed_at LIMIT %zu",
                work->cursor.len ? work->cursor.data : "", work->rows_max);
    return sql_session_query(work->session, work->text.data, work->text.len, read_old, old,
                             &work->fault);
}

static enum sql_class delete_old(struct expiry_work *work, const struct old_orders *old)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "DELETE FROM coupon_order");
    add_due(work);
    strbuf_add_text(&work->text, " AND (user_id,order_id) IN (");
    strbuf_add(&work->text, old->keys.data, old->keys.len);
    strbuf_add(&work->text, ")", 1);
    return expiry_work_execute(work);
}

static enum sql_class chunk(struct expiry_work *work, size_t *seen, size_t *changed)
{
    struct old_orders old = {.work = work, .keys = STRBUF_INIT};
    enum sql_class class = SQL_OK;

    *changed = 0;
    if (work->order_retention_s > 0)
        class = find_old(work, &old);
    *seen = old.count;
    if (class == SQL_OK && old.count > 0) {
        class = delete_old(work, &old);
        *changed = class == SQL_OK ? (size_t)sql_session_changed_rows(work->session) : 0;
    }
    if (class == SQL_OK && old.count > 0) {
        strbuf_clear(&work->cursor);
        strbuf_addf(&work->cursor, " AND changed_at>=%s", old.changed_at);
    }
    strbuf_free(&old.keys);
    return class;
}

const struct expiry_step order_pruning = {"prune-orders", "ordersPruned", count, chunk};
