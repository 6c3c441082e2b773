#include "issue-worker/issue_batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "issue-worker/batch_body.h"

bool issue_item_is_issued(const struct issue_item *item)
{
    return !item->skipped && item->verdict.kind == ISSUE_VERDICT_DECIDED &&
           item->verdict.outcome == ISSUE_OUTCOME_ISSUED;
}

bool issue_item_has_result(const struct issue_item *item)
{
    if (item->skipped || !item->request.request_id[0])
        return false;
    return item->verdict.kind == ISSUE_VERDICT_DECIDED ||
           item->verdict.kind == ISSUE_VERDICT_FAULTY;
}

void issue_item_set_aside(struct issue_item *item, int form, int tries, const char *why)
{
    item->tries = tries;
    if (item->fault == ISSUE_REQUEST_OK) {
        item->fault = ISSUE_REQUEST_REFUSED;
        item->cause = NULL;
        free(item->detail);
        item->detail = strdup(why);
    }
    if (form >= 2)
        item->request.coupon_id = item->request.policy_id = item->request.user_id = 0;
    if (form >= 3)
        item->request.request_id[0] = '\0';
}

struct issue_batch *issue_batch_new(size_t capacity, void (*release)(void *message))
{
    struct issue_batch *batch = calloc(1, sizeof *batch);

    CHECK(batch, "out of memory");
    batch->items = calloc(capacity, sizeof *batch->items);
    CHECK(batch->items, "out of memory");
    batch->capacity = capacity;
    batch->release = release;
    return batch;
}

void issue_batch_free(struct issue_batch *batch)
{
    if (!batch)
        return;
    issue_batch_clear(batch);
    free(batch->spans);
    free(batch->items);
    free(batch);
}

void issue_batch_clear(struct issue_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->items[i].detail);
        free(batch->items[i].event);
        batch->release(batch->items[i].message);
    }
    batch->count = 0;
    batch->bytes = 0;
    batch->span_count = 0;
}

bool issue_batch_full(const struct issue_batch *batch)
{
    return batch->count == batch->capacity || batch->bytes >= ISSUE_BATCH_MAX_BYTES;
}

bool issue_batch_has_replay(const struct issue_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].record.replayed)
            return true;
    return false;
}

/* The place of a partition among the spans, or where it would have to be. */
static size_t span_place(const struct issue_batch *batch, int32_t partition)
{
    size_t i = 0;

    while (i < batch->span_count && batch->spans[i].partition < partition)
        i++;
    return i;
}

static void extend_span(struct issue_batch *batch, int32_t partition, int64_t offset,
                        int64_t begin_offset)
{
    size_t i = span_place(batch, partition);

    if (i < batch->span_count && batch->spans[i].partition == partition) {
        CHECK(offset >= batch->spans[i].next_offset,
              "partition %" PRId32 ": offset %" PRId64 " after %" PRId64, partition, offset,
              batch->spans[i].next_offset);
        /* What came between is in no batch, or in another one: this one's fence would pass it. */
        CHECK(begin_offset <= batch->spans[i].next_offset,
              "partition %" PRId32 ": reading went on at %" PRId64 ", the batch ends at %" PRId64,
              partition, begin_offset, batch->spans[i].next_offset);
        batch->spans[i].next_offset = offset + 1;
        return;
    }
    if (batch->span_count == batch->span_capacity) {
        batch->span_capacity = batch->span_capacity ? 2 * batch->span_capacity : 16;
        batch->spans = reallocarray(batch->spans, batch->span_capacity, sizeof *batch->spans);
        CHECK(batch->spans, "out of memory");
    }
    memmove(&batch->spans[i + 1], &batch->spans[i], (batch->span_count - i) * sizeof *batch->spans);
    batch->spans[i] = (struct issue_span){partition, offset, offset + 1, begin_offset};
    batch->span_count++;
}

void issue_batch_add(struct issue_batch *batch, const struct issue_record *record, void *message,
                     int64_t begin_offset)
{
    struct issue_item *item = &batch->items[batch->count];
    char detail[ISSUE_BATCH_DETAIL] = "";

    CHECK(!issue_batch_full(batch), "%zu records", batch->count);
    memset(item, 0, sizeof *item);
    item->record = *record;
    item->message = message;
    item->fault = batch->body ? batch->body->read(batch->body->cookie, item, detail, sizeof detail)
                              : issue_request_decode(record, &item->request, detail, sizeof detail);
    if (item->fault != ISSUE_REQUEST_OK)
        item->detail = strdup(detail);
    if (record->traceparent)
        traceparent_read(record->traceparent, record->traceparent_len, item->request.traceparent);
    batch->count++;
    batch->bytes += record->key_len + record->value_len;
    extend_span(batch, record->partition, record->offset, begin_offset);
}

/* Where reading went on for the record at place: behind the one before it in its partition. */
static int64_t begin_of(const struct issue_batch *batch, size_t place)
{
    int32_t partition = batch->items[place].record.partition;

    while (place-- > 0)
        if (batch->items[place].record.partition == partition)
            return batch->items[place].record.offset + 1;
    return issue_batch_span(batch, partition)->begin_offset;
}

void issue_batch_view(struct issue_batch *view, const struct issue_batch *batch, size_t begin,
                      size_t end)
{
    view->items = batch->items + begin;
    view->count = end - begin;
    view->span_count = 0;
    for (size_t i = begin; i < end; i++) {
        const struct issue_record *record = &batch->items[i].record;
        size_t known = span_place(view, record->partition);
        bool first = known == view->span_count || view->spans[known].partition != record->partition;

        extend_span(view, record->partition, record->offset, first ? begin_of(batch, i) : 0);
    }
}

void issue_batch_view_free(struct issue_batch *view)
{
    free(view->spans);
    *view = (struct issue_batch){0};
}

const struct issue_span *issue_batch_span(const struct issue_batch *batch, int32_t partition)
{
    size_t i = span_place(batch, partition);

    CHECK(i < batch->span_count && batch->spans[i].partition == partition,
          "partition %" PRId32 " has no record in the batch", partition);
    return &batch->spans[i];
}
