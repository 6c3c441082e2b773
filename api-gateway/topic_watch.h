#ifndef TOPIC_WATCH_H
#define TOPIC_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/kafka/kafka_options.h"
#include "common/mysql/sql_options.h"

/* A thread that asks Kafka how many partitions the request topic has: every second until it is
 * known, then now and then; and every two seconds how much of it is not decided (queue_watch.h).
 * Logs when the topic is missing, found, or has another number of partitions than the one that was
 * settled for it (topic_layout.h), to which requests keep. */
struct topic_watch;

/* Both options must outlive it. NULL: error says why. */
struct topic_watch *topic_watch_start(const struct kafka_options *options,
                                      const struct sql_options *sql, char *error,
                                      size_t error_size);

/* May take as long as answers of Kafka's and MySQL's are waited for, some seconds. NULL is allowed.
 */
void topic_watch_stop(struct topic_watch *watch);

/* The partitions over which requests are spread, from 0 on; 0: not known yet, or Kafka says that
 * there is no such topic (any more), or not that many partitions. Any thread. */
int32_t topic_watch_partitions(const struct topic_watch *watch);

#endif
