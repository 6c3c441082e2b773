#ifndef RELAY_OPTIONS_H
#define RELAY_OPTIONS_H

#include <stdint.h>

#include "common/base/option.h"
#include "common/base/privilege.h"
#include "common/kafka/kafka_options.h"
#include "common/mysql/sql_options.h"

/* Everything that can be set on issue-worker relay. */
struct relay_options {
    const char *events_topic;
    const char *transactional_id;
    const char *management_listen;
    const char *log_level;
    int64_t chunk_events;
    int64_t poll_interval_ms;
    int64_t lease_s;
    struct kafka_options kafka;
    struct sql_options sql;
    struct privilege_options privilege;
};

enum option_result relay_options_read(struct relay_options *options, int argc, char **argv);

#endif
