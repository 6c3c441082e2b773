#include "issue-worker/issue_events.h"

#include <stdio.h>

#include "common/mysql/outbox_table.h"

static void add_issued(struct strbuf *out, const struct issue_item *item, int64_t now_ms)
{
    struct coupon_event event = {
        .type = COUPON_EVENT_ISSUED,
        .coupon_id = item->verdict.coupon_id,
        .occurred_at_ms = now_ms,
        .issue_no = item->verdict.issue_no,
        .change_no = 1,
        .user_id = item->request.user_id,
        .expires_at_ms = item->verdict.expires_at_ms,
    };

    snprintf(event.request_id, sizeof event.request_id, "%s", item->request.request_id);
    outbox_statement_add(out, &event);
}

size_t issue_events_statement(struct strbuf *out, const struct issue_batch *batch,
                              const struct issue_sold_out *sold_out, size_t sold_out_count,
                              int64_t now_ms)
{
    size_t count = sold_out_count;

    outbox_statement_begin(out);
    for (size_t i = 0; i < batch->count; i++) {
        if (!issue_item_is_issued(&batch->items[i]))
            continue;
        add_issued(out, &batch->items[i], now_ms);
        count++;
    }
    for (size_t i = 0; i < sold_out_count; i++) {
        const struct coupon_event event = {
            .type = COUPON_EVENT_SOLD_OUT,
            .coupon_id = sold_out[i].coupon_id,
            .occurred_at_ms = now_ms,
            .total_stock = sold_out[i].total_stock,
        };

        outbox_statement_add(out, &event);
    }
    if (count == 0)
        strbuf_clear(out);
    return count;
}
