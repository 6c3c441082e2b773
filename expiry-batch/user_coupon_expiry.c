#include <inttypes.h>
#include <stdio.h>

#include "common/base/check.h"
#include "common/base/failpoint.h"
#include "common/mysql/outbox_table.h"
#include "expiry-batch/expiry_step.h"

/* What users hold and did not use becomes EXPIRED when its time is over. The rows are found in the
 * order of the key user_coupon_due, from where the last chunk ended: entries that were just moved
 * out of the range and are not purged yet are not looked at again. They are changed by primary key,
 * those that are still due; where events are wanted, what is told of them is read after they are
 * locked. */

static void add_due(struct expiry_work *work)
{
    strbuf_addf(&work->text, " WHERE status='ISSUED' AND expires_at<=%s", work->now);
}

static enum sql_class count(struct expiry_work *work, int64_t *due)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT COUNT(*) FROM user_coupon");
    add_due(work);
    return expiry_work_number(work, due);
}

/* Rows that are due, on their way into the WHERE of the UPDATE. */
struct due_rows {
    struct strbuf keys; /* "(1,3),(1,4)" */
    size_t count;
    uint64_t coupon_id, issue_no; /* of the last row */
    char expires_at[32];          /* quoted */
};

static void read_due(void *cookie, char **values, const unsigned long *lengths)
{
    struct due_rows *due = cookie;

    due->coupon_id = (uint64_t)sql_read_number(values[0], 0);
    due->issue_no = (uint64_t)sql_read_number(values[1], 0);
    snprintf(due->expires_at, sizeof due->expires_at, "'%.*s'", (int)lengths[2], values[2]);
    strbuf_addf(&due->keys, "%s(%" PRIu64 ",%" PRIu64 ")", due->count++ > 0 ? "," : "",
                due->coupon_id, due->issue_no);
}

static enum sql_class find_due(struct expiry_work *work, struct due_rows *due)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT coupon_id,issue_no,expires_at FROM user_coupon "
                                 "FORCE INDEX (user_coupon_due)");
    add_due(work);
    strbuf_addf(&work->text, "%s ORDER BY expires_at,coupon_id,issue_no LIMIT %zu",
                work->cursor.len ? work->cursor.data : "", work->rows_max);
    return sql_session_query(work->session, work->text.data, work->text.len, read_due, due,
                             &work->fault);
}

/* Those that are still due once they are locked. */
struct locked_rows {
    struct expiry_work *work;
    struct strbuf keys; /* as in due_rows */
    size_t count;
};

static void read_locked(void *cookie, char **values, const unsigned long *lengths)
{
    struct locked_rows *locked = cookie;
    const struct coupon_event event = {
        .type = COUPON_EVENT_EXPIRED,
        .coupon_id = (uint64_t)sql_read_number(values[0], 0),
        .issue_no = (uint32_t)sql_read_number(values[1], 0),
        .change_no = (uint32_t)sql_read_number(values[2], 0) + 1,
        .user_id = (uint64_t)sql_read_number(values[3], 0),
        .occurred_at_ms = sql_read_time(values[4], lengths[4], 0),
    };

    strbuf_addf(&locked->keys, "%s(%" PRIu64 ",%" PRIu32 ")", locked->count++ > 0 ? "," : "",
                event.coupon_id, event.issue_no);
    outbox_statement_add(&locked->work->events, &event);
}

/* In the order of the primary key. What their events say is read here too. */
static enum sql_class lock_due(struct expiry_work *work, const struct due_rows *due,
                               struct locked_rows *locked)
{
    outbox_statement_begin(&work->events);
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT coupon_id,issue_no,change_no,user_id,UTC_TIMESTAMP(3) "
                                 "FROM user_coupon FORCE INDEX (PRIMARY)");
    add_due(work);
    strbuf_add_text(&work->text, " AND (coupon_id,issue_no) IN (");
    strbuf_add(&work->text, due->keys.data, due->keys.len);
    strbuf_add_text(&work->text, ") ORDER BY coupon_id,issue_no FOR UPDATE");
    return sql_session_query(work->session, work->text.data, work->text.len, read_locked, locked,
                             &work->fault);
}

/* The rows with those keys that are still due. */
static enum sql_class expire(struct expiry_work *work, const struct strbuf *keys)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "UPDATE user_coupon FORCE INDEX (PRIMARY) SET status='EXPIRED',"
                                 "change_no=change_no+1");
    add_due(work);
    strbuf_add_text(&work->text, " AND (coupon_id,issue_no) IN (");
    strbuf_add(&work->text, keys->data, keys->len);
    strbuf_add(&work->text, ")", 1);
    return expiry_work_execute(work);
}

/* Change the rows and tell of each: which they are, and their numbers, is known once they are
 * locked. */
static enum sql_class expire_with_events(struct expiry_work *work, const struct due_rows *due,
                                         size_t *changed)
{
    struct locked_rows locked = {.work = work, .keys = STRBUF_INIT};
    enum sql_class class = lock_due(work, due, &locked);

    if (class == SQL_OK && locked.count > 0) {
        class = expire(work, &locked.keys);
        CHECK(class != SQL_OK || sql_session_changed_rows(work->session) == locked.count,
              "%" PRIu64 " changed of %zu that are locked", sql_session_changed_rows(work->session),
              locked.count);
    }
    if (class == SQL_OK && locked.count > 0) {
        FAILPOINT("expiry_between_statements");
        class =
            sql_session_execute(work->session, work->events.data, work->events.len, &work->fault);
    }
    *changed = locked.count;
    strbuf_free(&locked.keys);
    return class;
}

static enum sql_class expire_silently(struct expiry_work *work, const struct due_rows *due,
                                      size_t *changed)
{
    enum sql_class class = expire(work, &due->keys);

    *changed = (size_t)sql_session_changed_rows(work->session);
    return class;
}

/* Written so that the whole key bounds the range. */
static void move_on(struct expiry_work *work, const struct due_rows *due)
{
    strbuf_clear(&work->cursor);
    strbuf_addf(&work->cursor,
                " AND (expires_at>%s OR (expires_at=%s AND (coupon_id>%" PRIu64
                " OR (coupon_id=%" PRIu64 " AND issue_no>%" PRIu64 "))))",
                due->expires_at, due->expires_at, due->coupon_id, due->coupon_id, due->issue_no);
}

static enum sql_class chunk(struct expiry_work *work, size_t *seen, size_t *changed)
{
    struct due_rows due = {.keys = STRBUF_INIT};
    enum sql_class class = find_due(work, &due);

    *seen = due.count;
    *changed = 0;
    if (class == SQL_OK && due.count > 0) {
        class = work->with_events ? expire_with_events(work, &due, changed)
                                  : expire_silently(work, &due, changed);
    }
    if (class == SQL_OK && due.count > 0)
        move_on(work, &due);
    strbuf_free(&due.keys);
    return class;
}

const struct expiry_step user_coupon_expiry = {"expire-user-coupons", "userCouponsExpired", count,
                                               chunk};
