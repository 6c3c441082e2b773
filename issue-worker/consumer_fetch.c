#include "issue-worker/issue_consumer_parts.h"

#define QUEUED_LOW 15000
#define WAKE_TIMEOUT_MS 100

bool consumer_fetch_rests_adjustable(void)
{
    return rd_kafka_version() >= 0x02020000;
}

/* Is there more in the log than what is queued, as far as the last answers to the client have told?
 */
static bool more_in_log(const struct issue_consumer *consumer, size_t queued)
{
    int64_t ahead = 0;

    for (size_t i = 0; i < consumer->partitions.count; i++) {
        const struct partition *partition = &consumer->partitions.items[i];
        int64_t low, high;

        if (rd_kafka_get_watermark_offsets(consumer->client, consumer->topic, partition->number,
                                           &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            partition->read_offset >= 0 && high > partition->read_offset)
            ahead += high - partition->read_offset;
    }
    return ahead > (int64_t)queued;
}

/* A question to a partition's leader ends the client's rest; the answer is of no use here. Asked
 * once each time the queue falls, and at the end of a log, where the broker keeps the answer back
 * until a fetch is over (fetch.wait.max.ms), only when there is nothing else to do. */
void consumer_fetch_keep(struct issue_consumer *consumer, bool idle)
{
    size_t queued = rd_kafka_queue_length(consumer->queue);
    rd_kafka_topic_partition_list_t *list;

    if (queued >= QUEUED_LOW || !consumer->fetch_may_rest) {
        consumer->fetch_may_rest = consumer->fetch_may_rest || queued >= QUEUED_LOW;
        return;
    }
    if (consumer_fetch_rests_adjustable() ||
        (!more_in_log(consumer, queued) && (!idle || queued > 0)))
        return;
    consumer->fetch_may_rest = false;
    list = consumer_assignment_list(consumer);
    if (list->cnt > 0)
        consumer_look(consumer, list, CONSUMER_LOG_END, WAKE_TIMEOUT_MS);
    rd_kafka_topic_partition_list_destroy(list);
}
