#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include <stdint.h>

#include "api-gateway/auth/jwt_options.h"
#include "api-gateway/limit/rate_options.h"
#include "common/base/option.h"
#include "common/base/privilege.h"
#include "common/kafka/kafka_options.h"
#include "common/mysql/sql_options.h"
#include "common/redis/redis_options.h"

#define GATEWAY_MANAGEMENT_LISTEN "127.0.0.1:8081" /* the default */

/* Everything that can be set on an api-gateway. */
struct gateway_config {
    const char *listen;
    const char *management_listen;
    const char *log_level;
    const char *auth;           /* "off" or "jwt" */
    const char *request_id_key; /* content of the key file */
    const char *admin_token;
    const char *admin_token_file; /* NULL: the token came from the environment */
    int64_t io_threads;
    int64_t mysql_threads;
    int64_t max_connections; /* of each I/O thread */
    int64_t access_log;      /* each so manieth answer; 0: none */
    int64_t accept_timeout_ms;
    int64_t coupon_refresh_ms;
    const char *spool; /* "off" or "on" */
    int64_t spool_after_ms;
    int64_t spool_max_rows;
    struct jwt_options jwt;
    struct rate_options rate;
    struct kafka_options kafka;
    struct sql_options sql;
    struct redis_options redis;
    struct privilege_options privilege;
};

enum option_result gateway_config_read(struct gateway_config *config, int argc, char **argv);

#endif
