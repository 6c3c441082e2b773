#include "issue-worker/reconciliation.h"

#include <inttypes.h>

static bool belongs(const struct issue_item *item, const struct issue_span *span)
{
    return item->record.partition == span->partition;
}

static bool has_skipped(const struct issue_batch *batch, const struct issue_span *span)
{
    for (size_t i = 0; i < batch->count; i++)
        if (belongs(&batch->items[i], span) && batch->items[i].skipped)
            return true;
    return false;
}

static void begin(struct reconciliation_window *window, int64_t offset)
{
    window->full = false;
    window->from_offset = window->to_offset = offset;
    window->records = window->rows = 0;
    strbuf_clear(&window->ids);
}

static void add(struct reconciliation_window *window, const struct issue_item *item)
{
    window->records++;
    if (!issue_item_has_result(item) || item->verdict.outcome == ISSUE_OUTCOME_DEAD_LETTERED)
        return;
    strbuf_add_text(&window->ids, window->rows > 0 ? ",'" : "'");
    strbuf_add_text(&window->ids, item->request.request_id);
    strbuf_add(&window->ids, "'", 1);
    window->rows++;
}

void reconciliation_take(struct reconciliation_window *window, const struct issue_batch *batch,
                         const struct issue_span *span)
{
    if (has_skipped(batch, span)) {
        begin(window, span->next_offset);
        return;
    }
    if (window->full)
        return;
    if (window->to_offset == 0 || window->to_offset != span->begin_offset)
        begin(window, span->first_offset);
    for (size_t i = 0; i < batch->count && !window->full; i++) {
        const struct issue_item *item = &batch->items[i];

        if (!belongs(item, span))
            continue;
        add(window, item);
        window->to_offset = item->record.offset + 1;
        window->full = window->rows == RECONCILIATION_ROWS;
    }
}

bool reconciliation_statement(const struct reconciliation_window *window, int32_t partition,
                              struct strbuf *out)
{
    if (window->rows == 0)
        return false;
    strbuf_addf(out,
                "SELECT COUNT(*) FROM coupon_issue_result WHERE partition_id=%" PRId32
                " AND record_offset>=%" PRId64 " AND record_offset<%" PRId64 " AND request_id IN (",
                partition, window->from_offset, window->to_offset);
    strbuf_add(out, window->ids.data, window->ids.len);
    strbuf_add(out, ")", 1);
    return true;
}

uint64_t reconciliation_missing_records(const struct reconciliation_window *window)
{
    return (uint64_t)(window->to_offset - window->from_offset) - window->records;
}

void reconciliation_next(struct reconciliation_window *window)
{
    begin(window, window->to_offset);
}

void reconciliation_clear(struct reconciliation_window *window)
{
    strbuf_free(&window->ids);
    *window = (struct reconciliation_window){0};
}
