#include "issue-worker/consume_loop_parts.h"

#include "common/base/check.h"
#include "issue-worker/result_publisher.h"

#define MAX_PARTITIONS 1024

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
    result_publisher_submit(loop->publisher, publication);
}

void consume_publish(struct consume_loop *loop)
{
    if (!loop->unpublished)
        return;
    issue_consumer_commit(loop->consumer, loop->other);
    publication_add_results(loop->unpublished, loop->other, loop->committed_ms);
    result_publisher_submit(loop->publisher, loop->unpublished);
    loop->unpublished = NULL;
    issue_batch_clear(loop->other);
}

void consume_publish_progress(struct consume_loop *loop)
{
    struct issue_progress progress[MAX_PARTITIONS];
    size_t count = issue_consumer_progress(loop->consumer, progress, MAX_PARTITIONS);
    struct publication *publication = NULL;

    for (size_t i = 0; i < count; i++) {
        worker_metrics_lag(loop->metrics, &progress[i]);
        if (!progress[i].caught_up)
            continue;
        if (!publication)
            publication = publication_new();
        publication_add_progress(publication, loop->config->kafka.topic, progress[i].partition,
                                 progress[i].next_offset, true);
    }
    if (publication)
        result_publisher_submit(loop->publisher, publication);
}
