#ifndef QUEUE_WATCH_H
#define QUEUE_WATCH_H

#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "common/mysql/sql_options.h"

/* How much of the request topic is not decided, as metrics: the workers tell it better while they
 * run, and not at all when none does. */
struct queue_watch;

/* client and both strings outlive it. One thread from here on. */
struct queue_watch *queue_watch_new(rd_kafka_t *client, const char *topic,
                                    const struct sql_options *sql);
void queue_watch_free(struct queue_watch *watch);

/* Ask Kafka for the log's end of the partitions below count, and MySQL for their fences. While
 * MySQL is away no fence moves, so what it said last holds. Blocks for 2 s and the connection's
 * time-outs at most. */
void queue_watch_look(struct queue_watch *watch, int32_t count);

#endif
