#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/base/failpoint.h"
#include "common/mysql/outbox_table.h"
#include "expiry-batch/expiry_step.h"

/* What users hold and did not use becomes EXPIRED when its time is over. The rows are found and
 * changed in the order of the key user_coupon_due, from a place of their own on: entries that were
 * just moved out of the range and are not purged yet are not looked at again. Where events are
 * wanted, the rows are locked first, and exactly those are changed and told of: one that comes into
 * the range meanwhile (a coupon issued when its time was over) is left to the next chunk or run.
 *
 * An entry of the key is locked before its row, while a use or a revocation locks the row and then
 * moves its entry. They meet over a row whose time ends between the two; who is told of the
 * deadlock, does it again. */

#define IN_ORDER " ORDER BY expires_at,coupon_id,issue_no LIMIT "

static void add_due(struct expiry_work *work)
{
    strbuf_addf(&work->text, " WHERE status='ISSUED' AND expires_at<=%s", work->now);
}

static enum sql_class count(const struct expiry_step *step, struct expiry_work *work, int64_t *due)
{
    (void)step;
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT COUNT(*) FROM user_coupon");
    add_due(work);
    return expiry_work_number(work, due);
}

/* What is left: those that are due, from the cursor on, and no more than a chunk's. */
static void add_left(struct expiry_work *work, size_t rows)
{
    add_due(work);
    strbuf_addf(&work->text, "%s" IN_ORDER "%zu", work->cursor.len ? work->cursor.data : "", rows);
}

/* A row's place in the key. */
struct place {
    uint64_t coupon_id, issue_no;
    char expires_at[32]; /* quoted; "": nowhere */
};

static void read_place(struct place *place, char **values, const unsigned long *lengths)
{
    place->coupon_id = (uint64_t)sql_read_number(values[0], 0);
    place->issue_no = (uint64_t)sql_read_number(values[1], 0);
    snprintf(place->expires_at, sizeof place->expires_at, "'%.*s'", (int)lengths[2], values[2]);
}

/* relation: ">" or ">=". Written so that the whole key bounds the range. */
static void move_cursor(struct expiry_work *work, const struct place *place, const char *relation)
{
    strbuf_clear(&work->cursor);
    strbuf_addf(&work->cursor,
                " AND (expires_at>%s OR (expires_at=%s AND (coupon_id>%" PRIu64
                " OR (coupon_id=%" PRIu64 " AND issue_no%s%" PRIu64 "))))",
                place->expires_at, place->expires_at, place->coupon_id, place->coupon_id, relation,
                place->issue_no);
}

static void read_first(void *cookie, char **values, const unsigned long *lengths)
{
    read_place(cookie, values, lengths);
}

static enum sql_class find_first(struct expiry_work *work, struct place *first)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT coupon_id,issue_no,expires_at FROM user_coupon "
                                 "FORCE INDEX (user_coupon_due)");
    add_left(work, 1);
    return sql_session_query(work->session, work->text.data, work->text.len, read_first, first,
                             &work->fault);
}

/* Nobody asks which rows they are: the first one's place is enough to pass by those of before. */
static enum sql_class expire_silently(struct expiry_work *work, size_t *seen, size_t *changed)
{
    struct place first = {0};
    enum sql_class class = find_first(work, &first);

    if (class != SQL_OK || first.expires_at[0] == '\0')
        return class;
    move_cursor(work, &first, ">=");
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "UPDATE user_coupon FORCE INDEX (user_coupon_due) "
                                 "SET status='EXPIRED',change_no=change_no+1");
    add_left(work, work->rows_max);
    class = expiry_work_execute(work);
    if (class == SQL_OK)
        *seen = *changed = (size_t)sql_session_changed_rows(work->session);
    return class;
}

/* Those that are due and locked, with what is to be told of each. */
struct locked_rows {
    struct coupon_event *events;
    struct strbuf keys; /* "(1,3),(1,4)" */
    size_t count;
    struct place last;
};

static void read_locked(void *cookie, char **values, const unsigned long *lengths)
{
    struct locked_rows *locked = cookie;
    struct strbuf *keys = &locked->keys;

    read_place(&locked->last, values, lengths);
    strbuf_add_text(keys, locked->count > 0 ? ",(" : "(");
    strbuf_add_u64(keys, locked->last.coupon_id);
    strbuf_add_text(keys, ",");
    strbuf_add_u64(keys, locked->last.issue_no);
    strbuf_add_text(keys, ")");
    locked->events[locked->count++] = (struct coupon_event){
        .type = COUPON_EVENT_EXPIRED,
        .coupon_id = locked->last.coupon_id,
        .issue_no = (uint32_t)locked->last.issue_no,
        .change_no = (uint32_t)sql_read_number(values[3], 0) + 1,
        .user_id = (uint64_t)sql_read_number(values[4], 0),
        .occurred_at_ms = sql_read_time(values[5], lengths[5], 0),
    };
}

static enum sql_class lock_due(struct expiry_work *work, struct locked_rows *locked)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text,
                    "SELECT coupon_id,issue_no,expires_at,change_no,user_id,UTC_TIMESTAMP(3) "
                    "FROM user_coupon FORCE INDEX (user_coupon_due)");
    add_left(work, work->rows_max);
    strbuf_add_text(&work->text, " FOR UPDATE");
    return sql_session_query(work->session, work->text.data, work->text.len, read_locked, locked,
                             &work->fault);
}

static void write_events(struct expiry_work *work, const struct locked_rows *locked)
{
    outbox_statement_begin(&work->events);
    for (size_t i = 0; i < locked->count; i++)
        outbox_statement_add(&work->events, &locked->events[i]);
}

/* The events' statement is put together while the server changes the rows. */
static enum sql_class expire_locked(struct expiry_work *work, const struct locked_rows *locked)
{
    enum sql_class class;

    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "UPDATE user_coupon FORCE INDEX (PRIMARY) SET status='EXPIRED',"
                                 "change_no=change_no+1");
    add_due(work);
    strbuf_add_text(&work->text, " AND (coupon_id,issue_no) IN (");
    strbuf_add(&work->text, locked->keys.data, locked->keys.len);
    strbuf_add(&work->text, ")", 1);
    class = sql_session_send(work->session, work->text.data, work->text.len, &work->fault);
    if (class != SQL_OK)
        return class;
    write_events(work, locked);
    class = sql_session_finish(work->session, &work->fault);
    CHECK(class != SQL_OK || sql_session_changed_rows(work->session) == locked->count,
          "%" PRIu64 " changed of %zu that are locked", sql_session_changed_rows(work->session),
          locked->count);
    return class;
}

static enum sql_class expire_with_events(struct expiry_work *work, size_t *seen, size_t *changed)
{
    struct locked_rows locked = {
        .events = calloc(work->rows_max, sizeof *locked.events),
        .keys = STRBUF_INIT,
    };
    enum sql_class class;

    CHECK(locked.events, "out of memory for %zu events", work->rows_max);
    class = lock_due(work, &locked);
    if (class == SQL_OK && locked.count > 0)
        class = expire_locked(work, &locked);
    if (class == SQL_OK && locked.count > 0) {
        FAILPOINT("expiry_between_statements");
        class =
            sql_session_execute(work->session, work->events.data, work->events.len, &work->fault);
    }
    if (class == SQL_OK && locked.count > 0) {
        move_cursor(work, &locked.last, ">");
        *seen = *changed = locked.count;
    }
    strbuf_free(&locked.keys);
    free(locked.events);
    return class;
}

static enum sql_class chunk(const struct expiry_step *step, struct expiry_work *work, size_t *seen,
                            size_t *changed)
{
    (void)step;
    *seen = *changed = 0;
    return work->with_events ? expire_with_events(work, seen, changed)
                             : expire_silently(work, seen, changed);
}

const struct expiry_step user_coupon_expiry = {"expire-user-coupons", "userCouponsExpired", count,
                                               chunk};
