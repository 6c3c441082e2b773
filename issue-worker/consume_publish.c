#include "issue-worker/consume_loop_parts.h"

#include <inttypes.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "issue-worker/result_publisher.h"

#define MAX_PARTITIONS 1024

static void tell(struct consume_loop *loop, struct publication *publication)
{
    if (loop->publisher)
        result_publisher_submit(loop->publisher, publication);
    else
        publication_free(publication);
}

/* What the committed transaction says besides the results. */
static struct publication *new_publication(struct consume_loop *loop,
                                           const struct issue_batch *committed)
{
    struct publication *publication = publication_new();
    const struct issue_sold_out *sold_out;
    size_t count;

    for (size_t i = 0; i < committed->span_count; i++)
        publication_add_progress(publication, loop->config->kafka.topic,
                                 committed->spans[i].partition, committed->spans[i].next_offset,
                                 false);
    sold_out = issue_transaction_sold_out(loop->transaction, &count);
    for (size_t i = 0; i < count; i++)
        publication_add_sold_out(publication, sold_out[i].coupon_id, sold_out[i].total_stock);
    return publication;
}

void consume_keep_committed(struct consume_loop *loop, int64_t now_ms)
{
    struct issue_batch *committed = loop->batch;

    CHECK(!loop->unpublished, "the batch before is not published");
    loop->unpublished = new_publication(loop, committed);
    loop->committed_ms = now_ms;
    loop->batch = loop->other;
    loop->other = committed;
}

void consume_publish_part(struct consume_loop *loop, const struct issue_batch *part, int64_t now_ms)
{
    struct publication *publication = new_publication(loop, part);

    issue_consumer_commit(loop->consumer, part);
    publication_add_results(publication, part, now_ms);
    tell(loop, publication);
}

void consume_publish(struct consume_loop *loop)
{
    int64_t began_us;

    if (!loop->unpublished)
        return;
    began_us = clock_monotonic_us();
    issue_consumer_commit(loop->consumer, loop->other);
    publication_add_results(loop->unpublished, loop->other, loop->committed_ms);
    tell(loop, loop->unpublished);
    loop->unpublished = NULL;
    issue_batch_clear(loop->other);
    worker_metrics_published(loop->metrics, clock_monotonic_us() - began_us);
}

/* Do the fences in MySQL say so too? They don't after a restore from an older copy: then what it
 * forgot is read again. It shows in a batch as well, but a partition may have none for hours. */
static bool confirm(struct consume_loop *loop, const struct issue_progress *progress, size_t count)
{
    int32_t numbers[MAX_PARTITIONS];
    int64_t fences[MAX_PARTITIONS];
    struct sql_fault fault;

    for (size_t i = 0; i < count; i++)
        numbers[i] = progress[i].partition;
    if (!issue_transaction_fences(loop->transaction, numbers, count, fences, &fault))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!progress[i].decided || fences[i] >= progress[i].next_offset)
            continue;
        log_error("fence_moved_back",
                  "partition %" PRId32 ": decided up to %" PRId64 ", and the fence is at %" PRId64
                  ": the database is an older copy. Reading again from the fence",
                  progress[i].partition, progress[i].next_offset, fences[i]);
        consume_publish(loop);
        issue_batch_clear(loop->batch);
        issue_batch_clear(loop->other);
        if (!consume_rewind(loop))
            log_warn("rewind_failed", "trying again in a second");
        return false;
    }
    return true;
}

/* Those that are caught up, to the front. */
static size_t select_caught_up(struct consume_loop *loop, struct issue_progress *progress,
                               size_t count)
{
    size_t caught_up = 0;

    for (size_t i = 0; i < count; i++) {
        worker_metrics_progress(loop->metrics, &progress[i]);
        if (progress[i].caught_up)
            progress[caught_up++] = progress[i];
    }
    return caught_up;
}

void consume_publish_progress(struct consume_loop *loop)
{
    struct issue_progress progress[MAX_PARTITIONS];
    size_t count = issue_consumer_progress(loop->consumer, progress, MAX_PARTITIONS);
    struct publication *publication;

    count = select_caught_up(loop, progress, count);
    if (count == 0 || !confirm(loop, progress, count))
        return;
    publication = publication_new();
    for (size_t i = 0; i < count; i++)
        publication_add_progress(publication, loop->config->kafka.topic, progress[i].partition,
                                 progress[i].next_offset, true);
    tell(loop, publication);
}
