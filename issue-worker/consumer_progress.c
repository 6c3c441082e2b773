#include "issue-worker/issue_consumer_parts.h"

#include "common/base/clock.h"

#define LOOK_INTERVAL_US 1000000
#define LOOK_TIMEOUT_MS 200

/* False: no answer in time. */
static bool look(struct issue_consumer *consumer, struct partition *partition, int64_t now_us)
{
    int64_t end = consumer_look_at(consumer, partition->number, CONSUMER_LOG_END, LOOK_TIMEOUT_MS);

    partition_looked(partition, now_us, end);
    if (end >= 0 && partition->next_offset < 0 &&
        consumer_look_at(consumer, partition->number, CONSUMER_LOG_START, LOOK_TIMEOUT_MS) == end) {
        partition->next_offset = end;
        partition->bare = true;
    }
    return end >= 0;
}

size_t issue_consumer_progress(struct issue_consumer *consumer, struct issue_progress *progress,
                               size_t capacity)
{
    int64_t now_us = clock_monotonic_us();
    bool reachable = true;
    size_t count = 0;

    for (size_t i = 0; i < consumer->partitions.count && count < capacity; i++) {
        struct partition *partition = &consumer->partitions.items[i];

        if (reachable && partition_look_due(partition, now_us, LOOK_INTERVAL_US))
            reachable = look(consumer, partition, now_us);
        progress[count++] = (struct issue_progress){
            .partition = partition->number,
            .next_offset = partition->next_offset,
            .end_offset = partition->end_offset,
            .caught_up = partition_caught_up(partition),
            .decided = !partition->bare,
        };
    }
    return count;
}
