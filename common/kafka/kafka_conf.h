#ifndef KAFKA_CONF_H
#define KAFKA_CONF_H

#include <stddef.h>
#include <librdkafka/rdkafka.h>

#include "common/kafka/kafka_options.h"

struct kafka_setting {
    const char *name;
    const char *value;
};

/* A configuration from, in rising priority: defaults, the user's properties, fixed. A property of
 * the user's that names a fixed one is an error, since the promises rest on it. Both tables end
 * with a NULL name. Log lines of the client go to log.h. NULL: error says which property and why.
 * The caller hands the result to rd_kafka_new or destroys it. */
rd_kafka_conf_t *kafka_conf_new(const struct kafka_options *options,
                                const struct kafka_setting *defaults,
                                const struct kafka_setting *fixed, char *error, size_t error_size);

/* An idempotent acks=all producer's configuration: Java's partitioner, no automatic topics. Further
 * defaults may be NULL. */
rd_kafka_conf_t *kafka_conf_new_producer(const struct kafka_options *options,
                                         const struct kafka_setting *defaults, char *error,
                                         size_t error_size);

#endif
