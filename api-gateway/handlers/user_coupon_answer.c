#include "api-gateway/handlers/user_coupon_answer.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/timestamp.h"

/* ,"name":"2026-…Z" or null */
static void add_time(struct strbuf *out, const char *name, int64_t wall_ms)
{
    char text[TIMESTAMP_SIZE];

    if (wall_ms == COUPON_NEVER_MS) {
        strbuf_addf(out, ",\"%s\":null", name);
        return;
    }
    timestamp_format(wall_ms, text);
    strbuf_addf(out, ",\"%s\":\"%s\"", name, text);
}

static void add_head(struct strbuf *out, const struct user_coupon *held, int64_t now_ms)
{
    strbuf_addf(out,
                "{\"couponId\":%" PRIu64 ",\"issueNo\":%" PRIu32 ",\"userId\":%" PRIu64
                ",\"status\":\"%s\"",
                held->coupon_id, held->issue_no, held->user_id,
                user_coupon_status_name(user_coupon_status_at(held, now_ms)));
}

/* An id of visible ASCII needs escapes in JSON all the same. */
static void add_order(struct strbuf *out, const char *order_id, const struct coupon_order *order)
{
    strbuf_add_text(out, ",\"orderId\":");
    strbuf_add_json_string(out, order_id, strlen(order_id));
    strbuf_addf(
        out, ",\"orderAmount\":%" PRId64 ",\"discountAmount\":%" PRId64 ",\"finalAmount\":%" PRId64,
        order->order_amount, order->discount_amount, order->order_amount - order->discount_amount);
}

static void add_terms(struct strbuf *out, const struct coupon *coupon)
{
    strbuf_add_text(out, ",\"name\":");
    strbuf_add_json_string(out, coupon->name, strlen(coupon->name));
    strbuf_addf(out,
                ",\"discountType\":\"%s\",\"discountValue\":%" PRId64 ",\"minOrderAmount\":%" PRId64
                ",\"maxDiscountAmount\":",
                coupon_discount_name(coupon->discount_type), coupon->discount_value,
                coupon->min_order_amount);
    if (coupon->max_discount_amount < 0)
        strbuf_add_text(out, "null");
    else
        strbuf_addf(out, "%" PRId64, coupon->max_discount_amount);
}

void user_coupon_answer_view(const struct user_coupon_view *view, struct strbuf *out)
{
    add_head(out, &view->held, view->now_ms);
    add_terms(out, &view->coupon);
    add_time(out, "issuedAt", view->held.issued_at_ms);
    add_time(out, "expiresAt", view->held.expires_at_ms);
    add_time(out, "usedAt", view->held.used_at_ms);
    if (view->order.state == COUPON_ORDER_USED)
        add_order(out, view->order_id, &view->order);
    else
        strbuf_add_text(out, ",\"orderId\":null,\"orderAmount\":null,\"discountAmount\":null,"
                             "\"finalAmount\":null");
    strbuf_add(out, "}", 1);
}

void user_coupon_answer_page(const struct user_coupon_page *page, struct strbuf *out)
{
    char cursor[USER_COUPON_CURSOR_SIZE];

    strbuf_add_text(out, "{\"coupons\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        if (i > 0)
            strbuf_add(out, ",", 1);
        user_coupon_answer_view(&page->items[i], out);
    }
    if (!page->more) {
        strbuf_add_text(out, "],\"nextCursor\":null}");
        return;
    }
    user_coupon_cursor_format(
        &(struct user_coupon_cursor){page->items[page->count - 1].held.coupon_id,
                                     page->items[page->count - 1].held.user_seq},
        cursor);
    strbuf_addf(out, "],\"nextCursor\":\"%s\"}", cursor);
}

void user_coupon_answer_use(const struct user_coupon_wish *wish,
                            const struct user_coupon_outcome *outcome, struct strbuf *out)
{
    add_head(out, &outcome->held, outcome->now_ms);
    add_order(out, wish->order_id, &outcome->order);
    add_time(out, "usedAt", outcome->held.used_at_ms);
    strbuf_add(out, "}", 1);
}

void user_coupon_answer_cancel(const struct user_coupon_wish *wish,
                               const struct user_coupon_outcome *outcome, struct strbuf *out)
{
    add_head(out, &outcome->held, outcome->now_ms);
    strbuf_add_text(out, ",\"orderId\":");
    strbuf_add_json_string(out, wish->order_id, strlen(wish->order_id));
    add_time(out, "expiresAt", outcome->held.expires_at_ms);
    strbuf_add(out, "}", 1);
}
