#ifndef USER_COUPON_ANSWER_H
#define USER_COUPON_ANSWER_H

#include "api-gateway/user_coupon_page.h"
#include "common/mysql/user_coupon_change.h"

/* How users' coupons are shown. Each appends one JSON object. The status is that at the database's
 * now. Pure. */
void user_coupon_answer_view(const struct user_coupon_view *view, struct strbuf *out);
void user_coupon_answer_page(const struct user_coupon_page *page, struct strbuf *out);

/* After a use, and after one that was given back. */
void user_coupon_answer_use(const struct user_coupon_wish *wish,
                            const struct user_coupon_outcome *outcome, struct strbuf *out);
void user_coupon_answer_cancel(const struct user_coupon_wish *wish,
                               const struct user_coupon_outcome *outcome, struct strbuf *out);

#endif
