#include "api-gateway/coupon_window.h"

#include <inttypes.h>
#include <string.h>

static enum sql_class hold_policy(struct coupon_transaction *transaction,
                                  const struct coupon *coupon)
{
    struct strbuf *text = &transaction->text;

    strbuf_clear(text);
    strbuf_addf(text, "INSERT INTO coupon_policy (policy_id,name,created_at) VALUES (%" PRIu64 ",",
                coupon->policy_id);
    sql_add_text(transaction->session, text, coupon->name, strlen(coupon->name));
    strbuf_add_text(text, ",UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE policy_id=policy_id");
    return coupon_transaction_execute(transaction);
}

static void found(void *cookie, char **values, const unsigned long *lengths)
{
    (void)values;
    (void)lengths;
    *(bool *)cookie = true;
}

enum sql_class coupon_window_check(struct coupon_transaction *transaction,
                                   const struct coupon *coupon, bool *overlaps)
{
    struct strbuf *text = &transaction->text;
    enum sql_class class = hold_policy(transaction, coupon);

    *overlaps = false;
    if (class != SQL_OK)
        return class;
    strbuf_clear(text);
    strbuf_addf(text,
                "SELECT 1 FROM coupon WHERE policy_id=%" PRIu64 " AND coupon_id<>%" PRIu64
                " AND (issue_ends_at IS NULL OR issue_ends_at>",
                coupon->policy_id, coupon->coupon_id);
    sql_add_time(text, coupon->issue_starts_at_ms);
    strbuf_add_text(text, ")");
    if (coupon->issue_ends_at_ms != COUPON_NEVER_MS) {
        strbuf_add_text(text, " AND issue_starts_at<");
        sql_add_time(text, coupon->issue_ends_at_ms);
    }
    strbuf_add_text(text, " LIMIT 1");
    return sql_session_query(transaction->session, text->data, text->len, found, overlaps,
                             transaction->fault);
}
