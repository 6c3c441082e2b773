#ifndef EVENT_PARTITIONS_H
#define EVENT_PARTITIONS_H

#include <stddef.h>
#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "issue-worker/events/event_sink.h"

/* The partitions that an event consumer has now, and how far each has got. Zero-initialise. */
struct event_partitions {
    struct event_partition {
        int32_t number;
        int64_t next_offset; /* or EVENT_POSITION_START */
    } * items;
    size_t count;
};

void event_partitions_clear(struct event_partitions *partitions);
void event_partitions_set(struct event_partitions *partitions,
                          const rd_kafka_topic_partition_list_t *list);

/* Ask the sink about each, and of one that is partial what the group of client committed. False: it
 * is not known now. */
bool event_partitions_ask(struct event_partitions *partitions, const struct event_sink *sink,
                          rd_kafka_t *client, const char *topic);

/* Does the sink say something else of one of them than what we have? Not when it does not know. */
bool event_partitions_differ(const struct event_partitions *partitions,
                             const struct event_sink *sink);

bool event_partitions_has(const struct event_partitions *partitions, int32_t number);

/* Of one that is there. */
int64_t event_partitions_next(const struct event_partitions *partitions, int32_t number);
void event_partitions_move(struct event_partitions *partitions, int32_t number,
                           int64_t next_offset);

/* As an assignment; the caller destroys it. */
rd_kafka_topic_partition_list_t *event_partitions_list(const struct event_partitions *partitions,
                                                       const char *topic);

/* Records behind those positions, as far as the client knows the ends. */
int64_t event_partitions_lag(const struct event_partitions *partitions, rd_kafka_t *client,
                             const char *topic);

#endif
