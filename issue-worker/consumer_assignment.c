#include "issue-worker/issue_consumer_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/base/log.h"

#define LOOK_TIMEOUT_MS 3000

/* A fence outside of the log means that the topic or the database is not the one it was. */
static bool fence_fits_log(struct issue_consumer *consumer, const struct partition *partition,
                           int64_t low, int64_t high)
{
    char text[512];

    if (partition->next_offset >= low && partition->next_offset <= high)
        return true;
    if (partition->next_offset > high)
        snprintf(
            text, sizeof text,
            "%s partition %" PRId32 ": the fence in MySQL is at %" PRId64
            " and the log ends at %" PRId64
            ". The topic was made anew, or this is another cluster. Point the worker at the right "
            "one; or, if the topic was meant to be made anew, delete the topic's rows from "
            "consumer_fence while no worker runs, and start again",
            consumer->topic, partition->number, partition->next_offset, high);
    else
        snprintf(
            text, sizeof text,
            "%s partition %" PRId32 ": records %" PRId64 " to %" PRId64
            " were deleted by retention before they were decided. Restore them if you can; else "
            "accept their loss by setting next_offset to %" PRId64
            " in consumer_fence while no worker runs, and start again",
            consumer->topic, partition->number, partition->next_offset, low - 1, low);
    issue_consumer_stop(consumer, FAILURE_STOP_OFFSETS, text);
    return false;
}

/* Without fences: Kafka's committed offsets, and the log's start where the group has none. */
static void begin_at_committed(struct issue_consumer *consumer,
                               rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t error = rd_kafka_committed(consumer->client, list, LOOK_TIMEOUT_MS);

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_warn("committed_unknown", "%s; beginning at the log's start", rd_kafka_err2str(error));
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *place = &list->elems[i];

        if (error != RD_KAFKA_RESP_ERR_NO_ERROR || place->offset < 0)
            place->offset = RD_KAFKA_OFFSET_BEGINNING;
        else /* where a pause goes back to, also when nothing was read by then */
            partition_table_find(&consumer->partitions, place->partition)->read_offset =
                place->offset;
    }
}

/* Where to begin each partition: at its fence; at the log's start where it has none yet. False: the
 * fences can't be read now, and the list is as it was. */
static bool position(struct issue_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    size_t count = consumer->partitions.count;
    int32_t *numbers = calloc(count + 1, sizeof *numbers);
    int64_t *fences = calloc(count + 1, sizeof *fences);
    bool reachable = true;
    bool known;

    CHECK(numbers && fences, "out of memory");
    for (size_t i = 0; i < count; i++)
        numbers[i] = consumer->partitions.items[i].number;
    known = consumer->hooks.fences(consumer->hooks.cookie, numbers, count, fences);
    for (size_t i = 0; i < count; i++) {
        struct partition *partition = &consumer->partitions.items[i];
        rd_kafka_topic_partition_t *place =
            rd_kafka_topic_partition_list_find(list, consumer->topic, partition->number);
        int64_t low;
        int64_t high;

        CHECK(place, "partition %" PRId32 " is not in the assignment", partition->number);
        partition->positioned = known;
        if (!known)
            continue;
        place->offset = fences[i] >= 0 ? fences[i] : RD_KAFKA_OFFSET_BEGINNING;
        partition->next_offset = fences[i];
        partition->bare = false;
        /* Each look at a log without a leader takes its time, and the group does not wait for long:
         * where the first is not answered, what does not fit shows when it is read. */
        if (fences[i] < 0 || !reachable)
            continue;
        low = consumer_look_at(consumer, partition->number, CONSUMER_LOG_START, LOOK_TIMEOUT_MS);
        high = low < 0 ? -1
                       : consumer_look_at(consumer, partition->number, CONSUMER_LOG_END,
                                          LOOK_TIMEOUT_MS);
        reachable = high >= 0;
        if (reachable)
            fence_fits_log(consumer, partition, low, high);
    }
    free(fences);
    free(numbers);
    return known;
}

static void assign(struct issue_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t error;

    partition_table_clear(&consumer->partitions);
    for (int i = 0; i < list->cnt; i++)
        partition_table_add(&consumer->partitions, list->elems[i].partition);
    /* Where that is wrong the transaction will find out. */
    if (list->cnt > 0 && !position(consumer, list))
        begin_at_committed(consumer, list);
    error = rd_kafka_assign(consumer->client, list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_error("assign_failed", "%s", rd_kafka_err2str(error));
    consumer->joined = true;
    /* librdkafka keeps a pause over revocation and a new assignment: one that was paused when it
     * was taken away, and comes back when the pause is over, would never be read again. Only here,
     * behind assign() of partitions that had been taken away before, does neither call overtake the
     * start of fetching (librdkafka's issues 2190 and 5591). */
    if (consumer->paused)
        rd_kafka_pause_partitions(consumer->client, list);
    else
        rd_kafka_resume_partitions(consumer->client, list);
    log_info("partitions_assigned", "%d partitions of %s", list->cnt, consumer->topic);
}

static void revoke(struct issue_consumer *consumer)
{
    bool lost = rd_kafka_assignment_lost(consumer->client);

    consumer->hooks.revoked(consumer->hooks.cookie);
    if (!lost)
        rd_kafka_commit(consumer->client, NULL, 0);
    partition_table_clear(&consumer->partitions);
    rd_kafka_assign(consumer->client, NULL);
    consumer->joined = false;
    log_info("partitions_revoked", "%s", lost ? "lost to another member" : "handed over");
}

void consumer_assignment_changed(rd_kafka_t *client, rd_kafka_resp_err_t code,
                                 rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct issue_consumer *consumer = opaque;

    (void)client;
    switch (code) {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
        assign(consumer, list);
        break;
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
        revoke(consumer);
        break;
    default:
        log_error("rebalance_failed", "%s", rd_kafka_err2str(code));
        consumer->hooks.revoked(consumer->hooks.cookie);
        partition_table_clear(&consumer->partitions);
        rd_kafka_assign(consumer->client, NULL);
        consumer->joined = false;
    }
}

rd_kafka_topic_partition_list_t *consumer_assignment_list(const struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)consumer->partitions.count + 1);

    for (size_t i = 0; i < consumer->partitions.count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->topic,
                                          consumer->partitions.items[i].number);
    return list;
}

bool issue_consumer_positioned(const struct issue_consumer *consumer)
{
    for (size_t i = 0; i < consumer->partitions.count; i++)
        if (!consumer->partitions.items[i].positioned)
            return false;
    return true;
}

bool issue_consumer_rewind(struct issue_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = consumer_assignment_list(consumer);
    bool known = false;

    if (list->cnt > 0) {
        known = position(consumer, list);
        for (size_t i = 0; i < consumer->partitions.count; i++)
            consumer->partitions.items[i].read_offset = consumer->partitions.items[i].next_offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (!known)
        return false;
    issue_consumer_pause(consumer);
    issue_consumer_resume(consumer);
    return true;
}
