#include "api-gateway/user_coupon_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/mysql/user_coupon_row.h"

/* The order of the tables and the key are told: what is read first is the user's own, in the order
 * of the page. */
#define SELECT_VIEW                                                                                \
    "SELECT STRAIGHT_JOIN " USER_COUPON_ROW_COLUMNS "," COUPON_ORDER_ROW_COLUMNS                   \
    ",c.name,c.discount_type,c.discount_value,c.min_order_amount,c.max_discount_amount,"           \
    "UTC_TIMESTAMP(3) FROM user_coupon u FORCE INDEX (%s) "                                        \
    "JOIN coupon c ON c.coupon_id=u.coupon_id LEFT JOIN coupon_order o "                           \
    "ON o.coupon_id=u.coupon_id AND o.issue_no=u.issue_no AND o.holds=1 WHERE "

enum {
    VIEW_ORDER = USER_COUPON_ROW_WIDTH,
    VIEW_ORDER_ID = VIEW_ORDER + COUPON_ORDER_ROW_WIDTH - 1,
    VIEW_TERMS = VIEW_ORDER + COUPON_ORDER_ROW_WIDTH,
    VIEW_NOW = VIEW_TERMS + 5
};

struct reading {
    struct user_coupon_page *page;
    uint32_t limit;
};

void user_coupon_page_free(struct user_coupon_page *page)
{
    free(page->items);
    *page = (struct user_coupon_page){0};
}

static void read_terms(char **values, struct coupon *coupon)
{
    snprintf(coupon->name, sizeof coupon->name, "%s", values[0]);
    CHECK(coupon_discount_parse(values[1], &coupon->discount_type), "type %s", values[1]);
    coupon->discount_value = sql_read_number(values[2], 0);
    coupon->min_order_amount = sql_read_number(values[3], 0);
    coupon->max_discount_amount = sql_read_number(values[4], -1);
}

static void read_view(void *cookie, char **values, const unsigned long *lengths)
{
    const struct reading *reading = cookie;
    struct user_coupon_page *page = reading->page;
    struct user_coupon_view *view;

    page->more = page->count == reading->limit;
    if (page->more)
        return;
    view = &page->items[page->count++];
    user_coupon_row_read(values, lengths, &view->held);
    coupon_order_row_read(values + VIEW_ORDER, &view->order);
    snprintf(view->order_id, sizeof view->order_id, "%s",
             values[VIEW_ORDER_ID] ? values[VIEW_ORDER_ID] : "");
    read_terms(values + VIEW_TERMS, &view->coupon);
    view->now_ms = sql_read_time(values[VIEW_NOW], lengths[VIEW_NOW], 0);
}

static void add_status(enum user_coupon_status status, struct strbuf *out)
{
    switch (status) {
    case USER_COUPON_ISSUED:
        strbuf_add_text(out, " AND u.status='ISSUED' AND (u.expires_at IS NULL OR "
                             "u.expires_at>UTC_TIMESTAMP(3))");
        return;
    case USER_COUPON_EXPIRED:
        strbuf_add_text(out, " AND (u.status='EXPIRED' OR (u.status='ISSUED' AND "
                             "u.expires_at<=UTC_TIMESTAMP(3)))");
        return;
    case USER_COUPON_USED:
    case USER_COUPON_REVOKED:
        break;
    }
    strbuf_addf(out, " AND u.status='%s'", user_coupon_status_name(status));
}

/* Written so that the whole key bounds the range; one more than is shown tells whether there is
 * another page. */
void user_coupon_page_statement(const struct user_coupon_filter *filter, struct strbuf *out)
{
    const struct user_coupon_cursor *after = &filter->after;

    strbuf_addf(out, SELECT_VIEW "u.user_id=%" PRIu64, "user_coupon_holding", filter->user_id);
    if (after->coupon_id != 0)
        strbuf_addf(out,
                    " AND u.coupon_id<=%" PRIu64 " AND (u.coupon_id<%" PRIu64
                    " OR u.user_seq<%" PRIu32 ")",
                    after->coupon_id, after->coupon_id, after->user_seq);
    if (!filter->any_status)
        add_status(filter->status, out);
    strbuf_addf(out, " ORDER BY u.coupon_id DESC,u.user_seq DESC LIMIT %" PRIu32,
                filter->limit + 1);
}

static enum sql_class read_page(struct sql_session *session, struct strbuf *statement,
                                uint32_t limit, struct user_coupon_page *page,
                                struct sql_fault *fault)
{
    struct reading reading = {page, limit};
    enum sql_class class;

    page->items = calloc(limit, sizeof *page->items);
    CHECK(page->items, "out of memory");
    class = sql_session_query(session, statement->data, statement->len, read_view, &reading, fault);
    strbuf_free(statement);
    return class;
}

enum sql_class user_coupon_page_read(struct sql_session *session,
                                     const struct user_coupon_filter *filter,
                                     struct user_coupon_page *page, struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;

    user_coupon_page_statement(filter, &statement);
    return read_page(session, &statement, filter->limit, page, fault);
}

enum sql_class user_coupon_page_read_one(struct sql_session *session, uint64_t coupon_id,
                                         uint32_t issue_no, struct user_coupon_page *page,
                                         struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;

    strbuf_addf(&statement, SELECT_VIEW "u.coupon_id=%" PRIu64 " AND u.issue_no=%" PRIu32,
                "PRIMARY", coupon_id, issue_no);
    return read_page(session, &statement, 1, page, fault);
}
