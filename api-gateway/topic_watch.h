#ifndef TOPIC_WATCH_H
#define TOPIC_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/kafka/kafka_options.h"

/* A thread that asks Kafka now and then how many partitions the request topic has. */
struct topic_watch;

/* NULL: error says why. */
struct topic_watch *topic_watch_start(const struct kafka_options *options, char *error,
                                      size_t error_size);
void topic_watch_stop(struct topic_watch *watch);

/* Partitions of the topic; 0: not known yet. Any thread. */
int32_t topic_watch_partitions(const struct topic_watch *watch);

#endif
