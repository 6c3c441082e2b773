#ifndef WORKER_CONFIG_H
#define WORKER_CONFIG_H

#include <stdint.h>

#include "common/base/option.h"
#include "common/base/privilege.h"
#include "common/kafka/kafka_options.h"
#include "common/mysql/sql_options.h"
#include "common/redis/redis_options.h"

/* Defaults. */
#define WORKER_MANAGEMENT_LISTEN "127.0.0.1:8082"
#define WORKER_GROUP "coupon-issue-group"

/* Everything that can be set on an issue-worker. */
struct worker_config {
    const char *log_level;
    const char *management_listen;
    const char *group;
    int64_t consumers;
    int64_t batch_max;
    int64_t batch_age_ms;
    int64_t result_ttl_s;
    const char *events;
    int64_t reconcile_interval_s; /* 0: never */
    struct kafka_options kafka;
    struct sql_options sql;
    struct redis_options redis;
    struct privilege_options privilege;
};

extern const struct option_spec worker_option_specs[];
extern const size_t worker_option_count;

enum option_result worker_config_read(struct worker_config *config, int argc, char **argv);

#endif
