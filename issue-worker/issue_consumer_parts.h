#ifndef ISSUE_CONSUMER_PARTS_H
#define ISSUE_CONSUMER_PARTS_H

#include <stdbool.h>
#include <librdkafka/rdkafka.h>

#include "issue-worker/issue_consumer.h"
#include "issue-worker/partition_table.h"

/* Between the files of the group member alone: issue_consumer.c (open, collect, commit),
 * consumer_assignment.c, consumer_fetch.c, consumer_look.c, consumer_pause.c and
 * consumer_progress.c. */
struct issue_consumer {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue; /* where client's records wait */
    bool fetch_may_rest;
    const char *topic;
    struct issue_consumer_hooks hooks;
    struct partition_table partitions;
    bool joined;
    bool paused;
    enum failure_stop stop;
};

/* Set the reason why it can't go on, once, and log the text, which says what to do about it. */
void issue_consumer_stop(struct issue_consumer *consumer, enum failure_stop stop, const char *text);

/* What an error delivered in place of a record means for us. */
void issue_consumer_take_error(struct issue_consumer *consumer, const rd_kafka_message_t *message);

/* The client's rebalance callback; opaque is the consumer. */
void consumer_assignment_changed(rd_kafka_t *client, rd_kafka_resp_err_t code,
                                 rd_kafka_topic_partition_list_t *list, void *opaque);

/* The assigned partitions; the caller destroys the list. */
rd_kafka_topic_partition_list_t *consumer_assignment_list(const struct issue_consumer *consumer);

/* Ask the leaders where the logs of these partitions end or begin, and put it in for their offsets.
 * False: an answer is missing; it never takes longer than timeout_ms, whatever a broker does. */
enum consumer_log_side { CONSUMER_LOG_END = -1, CONSUMER_LOG_START = -2 };
bool consumer_look(struct issue_consumer *consumer, rd_kafka_topic_partition_list_t *list,
                   enum consumer_log_side side, int timeout_ms);

/* The same for one partition; -1: not known. */
int64_t consumer_look_at(struct issue_consumer *consumer, int32_t partition,
                         enum consumer_log_side side, int timeout_ms);

/* With CONSUMER_FETCH_QUEUED_MIN records in its queue the client rests from fetching: for the time
 * that fetch.queue.backoff.ms says from 2.2.0 on, before that for up to a second, in which a fast
 * worker runs dry (see consumer_fetch_keep). */
#define CONSUMER_FETCH_QUEUED_MIN "20000"
bool consumer_fetch_rests_adjustable(void);

/* Keep the client fetching; idle: nothing else is to do. */
void consumer_fetch_keep(struct issue_consumer *consumer, bool idle);

#endif
