#include "common/kafka/kafka_options.h"

const struct option_spec kafka_option_specs[] = {
    {.name = "kafka-brokers",
     .type = OPTION_TEXT,
     .offset = offsetof(struct kafka_options, brokers),
     .default_value = "127.0.0.1:19092",
     .min = 1,
     .max = 4096,
     .argument = "HOST:PORT,...",
     .help = "Kafka brokers to start from."},
    {.name = "kafka-topic",
     .type = OPTION_TEXT,
     .offset = offsetof(struct kafka_options, topic),
     .default_value = "coupon-issue-request",
     .min = 1,
     .max = 249,
     .argument = "TOPIC",
     .help = "Topic that carries the issue requests; it must exist."},
    {.name = "kafka-dlt-suffix",
     .type = OPTION_TEXT,
     .offset = offsetof(struct kafka_options, dlt_suffix),
     .default_value = ".DLT",
     .min = 1,
     .max = 32,
     .argument = "SUFFIX",
     .help = "What the topic's name ends with to give its dead-letter topic."},
    {.name = "kafka-property",
     .type = OPTION_LIST,
     .offset = offsetof(struct kafka_options, properties),
     .min = 3,
     .max = 4096,
     .argument = "NAME=VALUE",
     .help =
         "Any librdkafka property; may be given again. Properties that the promises rest on are "
         "refused, passwords too: they belong into --kafka-properties-file."},
    {.name = "kafka-properties",
     .type = OPTION_SECRET,
     .offset = offsetof(struct kafka_options, properties_file),
     .help = "More of them, NAME=VALUE a line, # for comments: the place for sasl.password and "
             "others."},
};

const size_t kafka_option_count = sizeof kafka_option_specs / sizeof kafka_option_specs[0];
