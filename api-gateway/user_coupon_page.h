#ifndef USER_COUPON_PAGE_H
#define USER_COUPON_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "api-gateway/user_coupon_cursor.h"
#include "common/coupon/user_coupon.h"
#include "common/mysql/sql_session.h"

/* Reading what users hold. Pool threads only, but for _free. */
struct user_coupon_filter {
    uint64_t user_id;
    bool any_status;
    enum user_coupon_status status; /* at the database's now */
    uint32_t limit;
    struct user_coupon_cursor after; /* coupon_id 0: from the first */
};

/* One of them with all that is shown of it. */
struct user_coupon_view {
    struct user_coupon held;
    struct coupon_order order; /* the one that uses it; state NONE: it is not USED */
    char order_id[ORDER_ID_MAX + 1];
    struct coupon coupon; /* its terms alone: name, discount, minimum and cap */
    int64_t now_ms;       /* the database's clock */
};

/* Zero-initialise. */
struct user_coupon_page {
    struct user_coupon_view *items;
    uint32_t count;
    bool more; /* there are others behind them */
};

void user_coupon_page_free(struct user_coupon_page *page);

/* A page of a user's coupons, those of the newest coupon first, found by the key
 * user_coupon_holding: a page costs what it shows, and with a status at most what the user holds.
 * page is empty before. */
enum sql_class user_coupon_page_read(struct sql_session *session,
                                     const struct user_coupon_filter *filter,
                                     struct user_coupon_page *page, struct sql_fault *fault);

/* The one with that number, or an empty page. */
enum sql_class user_coupon_page_read_one(struct sql_session *session, uint64_t coupon_id,
                                         uint32_t issue_no, struct user_coupon_page *page,
                                         struct sql_fault *fault);

/* The statement behind user_coupon_page_read. */
void user_coupon_page_statement(const struct user_coupon_filter *filter, struct strbuf *out);

#endif
