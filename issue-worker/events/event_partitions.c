#include "issue-worker/events/event_partitions.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/check.h"

#define COMMITTED_MS 5000

void event_partitions_clear(struct event_partitions *partitions)
{
    free(partitions->items);
    *partitions = (struct event_partitions){0};
}

void event_partitions_set(struct event_partitions *partitions,
                          const rd_kafka_topic_partition_list_t *list)
{
    event_partitions_clear(partitions);
    partitions->items = calloc((size_t)list->cnt + 1, sizeof *partitions->items);
    CHECK(partitions->items, "out of memory");
    partitions->count = (size_t)list->cnt;
    for (int i = 0; i < list->cnt; i++)
        partitions->items[i] =
            (struct event_partition){list->elems[i].partition, EVENT_POSITION_START};
}

static bool ask_group(struct event_partitions *partitions, rd_kafka_t *client, const char *topic)
{
    rd_kafka_topic_partition_list_t *list = event_partitions_list(partitions, topic);
    bool known = rd_kafka_committed(client, list, COMMITTED_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;

    for (int i = 0; known && i < list->cnt; i++)
        if (list->elems[i].offset > partitions->items[i].next_offset)
            partitions->items[i].next_offset = list->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return known;
}

bool event_partitions_ask(struct event_partitions *partitions, const struct event_sink *sink,
                          rd_kafka_t *client, const char *topic)
{
    for (size_t i = 0; i < partitions->count; i++)
        if (!sink->position(sink->cookie, partitions->items[i].number,
                            &partitions->items[i].next_offset))
            return false;
    return !sink->is_partial || partitions->count == 0 || ask_group(partitions, client, topic);
}

bool event_partitions_differ(const struct event_partitions *partitions,
                             const struct event_sink *sink)
{
    for (size_t i = 0; i < partitions->count; i++) {
        int64_t next_offset;

        if (!sink->position(sink->cookie, partitions->items[i].number, &next_offset))
            return false;
        if (next_offset != partitions->items[i].next_offset)
            return true;
    }
    return false;
}

static struct event_partition *find(const struct event_partitions *partitions, int32_t number)
{
    for (size_t i = 0; i < partitions->count; i++)
        if (partitions->items[i].number == number)
            return &partitions->items[i];
    return NULL;
}

static struct event_partition *must_find(const struct event_partitions *partitions, int32_t number)
{
    struct event_partition *partition = find(partitions, number);

    CHECK(partition, "partition %" PRId32 " is not assigned", number);
    return partition;
}

bool event_partitions_has(const struct event_partitions *partitions, int32_t number)
{
    return find(partitions, number);
}

int64_t event_partitions_next(const struct event_partitions *partitions, int32_t number)
{
    return must_find(partitions, number)->next_offset;
}

void event_partitions_move(struct event_partitions *partitions, int32_t number, int64_t next_offset)
{
    must_find(partitions, number)->next_offset = next_offset;
}

static int64_t offset_of(const struct event_partition *partition)
{
    if (partition->next_offset == EVENT_POSITION_START)
        return RD_KAFKA_OFFSET_BEGINNING;
    return partition->next_offset;
}

rd_kafka_topic_partition_list_t *event_partitions_list(const struct event_partitions *partitions,
                                                       const char *topic)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)partitions->count + 1);

    for (size_t i = 0; i < partitions->count; i++)
        rd_kafka_topic_partition_list_add(list, topic, partitions->items[i].number)->offset =
            offset_of(&partitions->items[i]);
    return list;
}

int64_t event_partitions_lag(const struct event_partitions *partitions, rd_kafka_t *client,
                             const char *topic)
{
    int64_t lag = 0;

    for (size_t i = 0; i < partitions->count; i++) {
        const struct event_partition *partition = &partitions->items[i];
        int64_t low = 0, high = 0;

        if (rd_kafka_get_watermark_offsets(client, topic, partition->number, &low, &high) !=
                RD_KAFKA_RESP_ERR_NO_ERROR ||
            high < 0)
            continue;
        if (high > partition->next_offset)
            lag += high - (partition->next_offset < low ? low : partition->next_offset);
    }
    return lag;
}
