#include "common/mysql/user_coupon_change.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/failpoint.h"
#include "common/mysql/coupon_row.h"
#include "common/mysql/outbox_table.h"
#include "common/mysql/user_coupon_row.h"

/* One change on its way. */
struct change {
    struct sql_session *session;
    const struct user_coupon_wish *wish;
    struct user_coupon_outcome *outcome;
    struct coupon coupon; /* its terms; for a use alone */
    struct strbuf text;
    struct sql_fault *fault;
};

#define NOT_OVER "(expires_at IS NULL OR expires_at>UTC_TIMESTAMP(3))"

static enum sql_class execute(struct change *change)
{
    return sql_session_execute(change->session, change->text.data, change->text.len, change->fault);
}

static enum sql_class query(struct change *change, sql_row row)
{
    return sql_session_query(change->session, change->text.data, change->text.len, row, change,
                             change->fault);
}

/* Somebody was faster, or the clock went on: it is decided anew. */
static enum sql_class overtaken(struct change *change)
{
    change->fault->class = SQL_TRANSIENT;
    change->fault->code = 0;
    snprintf(change->fault->text, sizeof change->fault->text,
             "user coupon %" PRIu64 "/%" PRIu32 " changed meanwhile",
             change->outcome->held.coupon_id, change->outcome->held.issue_no);
    return SQL_TRANSIENT;
}

static void read_held(void *cookie, char **values, const unsigned long *lengths)
{
    struct change *change = cookie;

    user_coupon_row_read(values, lengths, &change->outcome->held);
    change->outcome->now_ms =
        sql_read_time(values[USER_COUPON_ROW_WIDTH], lengths[USER_COUPON_ROW_WIDTH], 0);
}

/* The second time, with the lock held, it is what the transaction has made of it. */
static enum sql_class lock_held(struct change *change, uint64_t coupon_id, uint32_t issue_no)
{
    change->outcome->held.coupon_id = 0;
    strbuf_clear(&change->text);
    strbuf_addf(&change->text,
                "SELECT " USER_COUPON_ROW_COLUMNS ",UTC_TIMESTAMP(3) FROM user_coupon u WHERE "
                "u.coupon_id=%" PRIu64 " AND u.issue_no=%" PRIu32 " FOR UPDATE",
                coupon_id, issue_no);
    return query(change, read_held);
}

static void read_order(void *cookie, char **values, const unsigned long *lengths)
{
    struct change *change = cookie;

    (void)lengths;
    coupon_order_row_read(values, &change->outcome->order);
}

static void add_order_key(struct change *change, uint64_t user_id)
{
    const char *order_id = change->wish->order_id;

    strbuf_addf(&change->text, " WHERE o.user_id=%" PRIu64 " AND o.order_id=", user_id);
    sql_add_text(change->session, &change->text, order_id, strlen(order_id));
}

static enum sql_class find_order(struct change *change, uint64_t user_id, const char *locking)
{
    change->outcome->order = (struct coupon_order){.state = COUPON_ORDER_NONE};
    strbuf_clear(&change->text);
    strbuf_add_text(&change->text, "SELECT " COUPON_ORDER_ROW_COLUMNS " FROM coupon_order o");
    add_order_key(change, user_id);
    strbuf_add_text(&change->text, locking);
    return query(change, read_order);
}

static void read_coupon(void *cookie, char **values, const unsigned long *lengths)
{
    struct change *change = cookie;

    coupon_row_read(values, lengths, &change->coupon);
}

static enum sql_class find_terms(struct change *change)
{
    enum sql_class class;

    strbuf_clear(&change->text);
    strbuf_addf(&change->text, "SELECT " COUPON_ROW_COLUMNS " FROM coupon WHERE coupon_id=%" PRIu64,
                change->wish->coupon_id);
    class = query(change, read_coupon);
    CHECK(class != SQL_OK || change->coupon.coupon_id != 0, "coupon %" PRIu64 " has no row",
          change->wish->coupon_id);
    return class;
}

/* Lock the coupon and the order of its owner. */
static enum sql_class look(struct change *change)
{
    const struct user_coupon_wish *wish = change->wish;
    enum sql_class class = lock_held(change, wish->coupon_id, wish->issue_no);

    change->outcome->order = (struct coupon_order){.state = COUPON_ORDER_NONE};
    if (class != SQL_OK || change->outcome->held.coupon_id == 0 || !wish->order_id[0])
        return class;
    return find_order(change, change->outcome->held.user_id, " FOR UPDATE");
}

/* The one UPDATE, of exactly one row; then the row is read as it is now. */
static enum sql_class update_held(struct change *change, const char *set, const char *condition)
{
    const struct user_coupon *held = &change->outcome->held;
    enum sql_class class;

    strbuf_clear(&change->text);
    strbuf_addf(&change->text,
                "UPDATE user_coupon SET %s,change_no=change_no+1 WHERE coupon_id=%" PRIu64
                " AND issue_no=%" PRIu32 " AND %s",
                set, held->coupon_id, held->issue_no, condition);
    class = execute(change);
    if (class != SQL_OK)
        return class;
    if (sql_session_changed_rows(change->session) != 1)
        return overtaken(change);
    return lock_held(change, held->coupon_id, held->issue_no);
}

/* The order's row is made where there was none. It was looked for, so one that is there now was
 * just made by another transaction. */
static enum sql_class write_order(struct change *change, uint64_t user_id,
                                  const struct coupon_order *order, const char *state)
{
    const char *order_id = change->wish->order_id;
    bool is_new = change->outcome->order.state == COUPON_ORDER_NONE;
    enum sql_class class;

    strbuf_clear(&change->text);
    strbuf_add_text(&change->text,
                    is_new ? "INSERT INTO coupon_order SET " : "UPDATE coupon_order o SET ");
    if (is_new) {
        strbuf_addf(&change->text, "user_id=%" PRIu64 ",order_id=", user_id);
        sql_add_text(change->session, &change->text, order_id, strlen(order_id));
        strbuf_add(&change->text, ",", 1);
    }
    strbuf_addf(&change->text, "state='%s',changed_at=UTC_TIMESTAMP(3)", state);
    if (order->coupon_id != 0)
        strbuf_addf(&change->text,
                    ",coupon_id=%" PRIu64 ",issue_no=%" PRIu32 ",order_amount=%" PRId64
                    ",discount_amount=%" PRId64,
                    order->coupon_id, order->issue_no, order->order_amount, order->discount_amount);
    if (!is_new)
        add_order_key(change, user_id);
    class = execute(change);
    if (class == SQL_DUPLICATE)
        return overtaken(change);
    return class;
}

static enum sql_class write_event(struct change *change, enum coupon_event_type type)
{
    const struct user_coupon *held = &change->outcome->held;
    const struct coupon_order *order = &change->outcome->order;
    struct coupon_event event = {
        .type = type,
        .coupon_id = held->coupon_id,
        .occurred_at_ms = type == COUPON_EVENT_USED ? held->used_at_ms : change->outcome->now_ms,
        .issue_no = held->issue_no,
        .change_no = held->change_no,
        .user_id = held->user_id,
    };

    if (type != COUPON_EVENT_REVOKED)
        snprintf(event.order_id, sizeof event.order_id, "%s", change->wish->order_id);
    if (type == COUPON_EVENT_USED) {
        event.order_amount = order->order_amount;
        event.discount_amount = order->discount_amount;
        event.final_amount = order->order_amount - order->discount_amount;
    }
    if (type == COUPON_EVENT_USE_CANCELLED)
        event.expired = held->status == USER_COUPON_EXPIRED;
    FAILPOINT("use_before_event");
    return outbox_table_insert(change->session, &event, 1, change->fault);
}

static enum sql_class end(struct change *change, enum sql_class class)
{
    strbuf_free(&change->text);
    return class;
}

static enum sql_class make_use(struct change *change, int64_t discount)
{
    const struct user_coupon_wish *wish = change->wish;
    struct user_coupon_outcome *outcome = change->outcome;
    const struct coupon_order order = {COUPON_ORDER_USED, wish->coupon_id, wish->issue_no,
                                       wish->order_amount, discount};
    enum sql_class class = update_held(change, "status='USED',used_at=UTC_TIMESTAMP(3)",
                                       "status='ISSUED' AND " NOT_OVER);

    if (class == SQL_OK)
        class = write_order(change, outcome->held.user_id, &order, "USED");
    if (class != SQL_OK)
        return class;
    outcome->order = order;
    return write_event(change, COUPON_EVENT_USED);
}

enum sql_class user_coupon_change_use(struct sql_session *session,
                                      const struct user_coupon_wish *wish,
                                      struct user_coupon_outcome *outcome, struct sql_fault *fault)
{
    struct change change = {.session = session, .wish = wish, .outcome = outcome, .fault = fault};
    enum sql_class class = look(&change);
    int64_t discount = 0;

    if (class == SQL_OK && outcome->held.coupon_id != 0)
        class = find_terms(&change);
    if (class != SQL_OK)
        return end(&change, class);
    outcome->step = user_coupon_use(&outcome->held, &change.coupon, &outcome->order, wish,
                                    outcome->now_ms, &discount);
    if (outcome->step == USER_COUPON_STEP_CHANGE)
        class = make_use(&change, discount);
    return end(&change, class);
}

/* Give the coupon back; the order becomes CANCELLED or CLOSED. An end that fell into its use is
 * written down at once: nobody would find it later. */
static enum sql_class give_back(struct change *change, enum coupon_order_state state)
{
    struct user_coupon_outcome *outcome = change->outcome;
    enum sql_class class = update_held(
        change, "status=CASE WHEN " NOT_OVER " THEN 'ISSUED' ELSE 'EXPIRED' END,used_at=NULL",
        "status='USED'");

    if (class == SQL_OK)
        class = write_order(change, outcome->held.user_id, &outcome->order,
                            state == COUPON_ORDER_CLOSED ? "CLOSED" : "CANCELLED");
    if (class != SQL_OK)
        return class;
    outcome->order.state = state;
    return write_event(change, COUPON_EVENT_USE_CANCELLED);
}

enum sql_class user_coupon_change_cancel(struct sql_session *session,
                                         const struct user_coupon_wish *wish,
                                         struct user_coupon_outcome *outcome,
                                         struct sql_fault *fault)
{
    struct change change = {.session = session, .wish = wish, .outcome = outcome, .fault = fault};
    enum sql_class class = look(&change);

    if (class != SQL_OK)
        return end(&change, class);
    outcome->step = user_coupon_cancel(&outcome->held, &outcome->order, wish, outcome->now_ms);
    if (outcome->step == USER_COUPON_STEP_CHANGE)
        class = give_back(&change, COUPON_ORDER_CANCELLED);
    return end(&change, class);
}

enum sql_class user_coupon_change_revoke(struct sql_session *session,
                                         const struct user_coupon_wish *wish,
                                         struct user_coupon_outcome *outcome,
                                         struct sql_fault *fault)
{
    struct change change = {.session = session, .wish = wish, .outcome = outcome, .fault = fault};
    enum sql_class class = lock_held(&change, wish->coupon_id, wish->issue_no);

    outcome->order = (struct coupon_order){.state = COUPON_ORDER_NONE};
    if (class != SQL_OK)
        return end(&change, class);
    outcome->step = user_coupon_revoke(&outcome->held, outcome->now_ms);
    if (outcome->step == USER_COUPON_STEP_CHANGE)
        class = update_held(&change, "status='REVOKED'", "status='ISSUED' AND " NOT_OVER);
    if (class == SQL_OK && outcome->step == USER_COUPON_STEP_CHANGE)
        class = write_event(&change, COUPON_EVENT_REVOKED);
    return end(&change, class);
}

/* Which coupon the order uses is known only from the order's row, and the coupon is locked first:
 * the row is looked at once more then. */
static enum sql_class lock_order_and_coupon(struct change *change)
{
    struct user_coupon_outcome *outcome = change->outcome;
    uint64_t user_id = change->wish->user_id;
    enum sql_class class = find_order(change, user_id, "");
    const struct coupon_order seen = outcome->order;

    if (class == SQL_OK && seen.state == COUPON_ORDER_USED)
        class = lock_held(change, seen.coupon_id, seen.issue_no);
    if (class == SQL_OK)
        class = find_order(change, user_id, " FOR UPDATE");
    if (class != SQL_OK)
        return class;
    if (outcome->order.state == COUPON_ORDER_USED &&
        (seen.state != COUPON_ORDER_USED || outcome->order.coupon_id != seen.coupon_id ||
         outcome->order.issue_no != seen.issue_no))
        return overtaken(change);
    return SQL_OK;
}

enum sql_class user_coupon_change_close_order(struct sql_session *session,
                                              const struct user_coupon_wish *wish,
                                              struct user_coupon_outcome *outcome,
                                              struct sql_fault *fault)
{
    struct change change = {.session = session, .wish = wish, .outcome = outcome, .fault = fault};
    enum sql_class class;

    outcome->held = (struct user_coupon){0};
    class = lock_order_and_coupon(&change);
    if (class != SQL_OK)
        return end(&change, class);
    outcome->step = USER_COUPON_STEP_NONE;
    switch (outcome->order.state) {
    case COUPON_ORDER_USED:
        outcome->step = USER_COUPON_STEP_CHANGE;
        class = give_back(&change, COUPON_ORDER_CLOSED);
        break;
    case COUPON_ORDER_NONE:
    case COUPON_ORDER_CANCELLED:
        class = write_order(&change, wish->user_id, &outcome->order, "CLOSED");
        outcome->order.state = COUPON_ORDER_CLOSED;
        break;
    case COUPON_ORDER_CLOSED:
        break;
    }
    return end(&change, class);
}
