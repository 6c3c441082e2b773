#ifndef KAFKA_OPTIONS_H
#define KAFKA_OPTIONS_H

#include "common/base/option.h"

/* How a program reaches Kafka. */
struct kafka_options {
    const char *brokers;
    const char *topic;
    const char *dlt_suffix;
    struct option_list properties; /* "name=value" of any librdkafka property */
    const char *properties_file;   /* the content: such lines, passwords among them; or NULL */
};

extern const struct option_spec kafka_option_specs[];
extern const size_t kafka_option_count;

#endif
