#include "issue-worker/issue_consumer_parts.h"

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"

void issue_consumer_pause(struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = consumer_assignment_list(consumer);

    consumer->paused = true;
    rd_kafka_pause_partitions(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void issue_consumer_wait(struct issue_consumer *consumer, int wait_ms)
{
    int64_t end_us = clock_monotonic_us() + wait_ms * INT64_C(1000);
    int64_t left_us;

    CHECK(consumer->paused, "waiting without a pause would lose records");
    while ((left_us = end_us - clock_monotonic_us()) > 0 && consumer->stop == FAILURE_STOP_NONE) {
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(consumer->client, (int)(left_us / 1000) + 1);

        if (!message)
            continue;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            issue_consumer_take_error(consumer, message);
        /* A record delivered in spite of the pause is read again: resume seeks back to read_offset.
         */
        rd_kafka_message_destroy(message);
    }
}

/* Go to read_offset: what a pause threw out of the client's queue is fetched again. */
static bool seek_all(struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = consumer_assignment_list(consumer);
    rd_kafka_error_t *error = NULL;
    bool sought = true;

    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = partition_table_seek_offset(&consumer->partitions.items[i]);
    if (list->cnt > 0)
        error = rd_kafka_seek_partitions(consumer->client, list, 5000);
    for (int i = 0; i < list->cnt && !error; i++)
        sought = sought && list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (error || !sought)
        log_warn("seek_failed", "%s", error ? rd_kafka_error_string(error) : "a partition refused");
    sought = sought && !error;
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    return sought;
}

void issue_consumer_resume(struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list;

    if (!consumer->paused)
        return;
    while (!seek_all(consumer) && consumer->joined && consumer->stop == FAILURE_STOP_NONE) {
        if (consumer->hooks.stopping(consumer->hooks.cookie))
            return;
        issue_consumer_wait(consumer, 200);
    }
    list = consumer_assignment_list(consumer);
    rd_kafka_resume_partitions(consumer->client, list);
    consumer->paused = false;
    rd_kafka_topic_partition_list_destroy(list);
}
