#include "issue-worker/issue_consumer_parts.h"

static bool is_known(const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR || list->elems[i].offset < 0)
            return false;
    return true;
}

/* The request behind both rd_kafka_query_watermark_offsets and rd_kafka_offsets_for_times is
 * ListOffsets, where the times -1 and -2 stand for the log's end and start. Of the two only the
 * latter keeps to its time: the former waits until the request ends, which is socket.timeout.ms and
 * more when the leader does not answer (librdkafka 2.0.2 and 2.8.0, rdkafka.c). */
bool consumer_look(struct issue_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                   enum consumer_log_side side, int timeout_ms)
{
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = side;
    return rd_kafka_offsets_for_times(consumer->client, list, timeout_ms) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           is_known(list);
}

int64_t consumer_look_at(struct issue_consumer *consumer, int32_t partition,
                         enum consumer_log_side side, int timeout_ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    int64_t offset = -1;

    rd_kafka_topic_partition_list_add(list, consumer->topic, partition);
    if (consumer_look(consumer, list, side, timeout_ms))
        offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return offset;
}
