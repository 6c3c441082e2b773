#include "issue-worker/issue_consumer_parts.h"

#include "common/base/clock.h"

#define LOOK_INTERVAL_US 1000000
#define LOOK_TIMEOUT_MS 200

size_t issue_consumer_progress(struct issue_consumer *consumer, struct issue_progress *progress,
                               size_t capacity)
{
    int64_t now_us = clock_monotonic_us();
    bool reachable = true;
    size_t count = 0;

    for (size_t i = 0; i < consumer->partitions.count && count < capacity; i++) {
        struct partition *partition = &consumer->partitions.items[i];

        if (reachable && partition_look_due(partition, now_us, LOOK_INTERVAL_US)) {
            int64_t low = 0;
            int64_t high = 0;

            reachable = rd_kafka_query_watermark_offsets(
                            consumer->client, consumer->topic, partition->number, &low, &high,
                            LOOK_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
            partition_looked(partition, now_us, reachable ? high : -1);
            if (reachable && partition->next_offset < low && low == high)
                partition->next_offset = high; /* an empty log without a fence */
        }
        progress[count++] = (struct issue_progress){
            .partition = partition->number,
            .next_offset = partition->next_offset,
            .end_offset = partition->end_offset,
            .caught_up = partition_caught_up(partition),
        };
    }
    return count;
}
