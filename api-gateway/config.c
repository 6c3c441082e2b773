#include "api-gateway/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct option_spec gateway_specs[] = {
    {.name = "listen",
     .type = OPTION_TEXT,
     .offset = offsetof(struct gateway_config, listen),
     .default_value = "127.0.0.1:8080",
     .min = 3,
     .max = 255,
     .argument = "HOST:PORT",
     .help = "Where clients are served."},
    {.name = "management-listen",
     .type = OPTION_TEXT,
     .offset = offsetof(struct gateway_config, management_listen),
     .default_value = GATEWAY_MANAGEMENT_LISTEN,
     .min = 3,
     .max = 255,
     .argument = "HOST:PORT",
     .help = "Where /livez, /readyz, /metrics and the admin API are served."},
    {.name = "auth",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct gateway_config, auth),
     .required = true,
     .choices = "off|jwt",
     .argument = "MODE",
     .help =
         "How users prove who they are. jwt: by a Bearer token, of which the userId is taken. off: "
         "not at all, the userId is taken from the request; for development only. There is no "
         "default."},
    {.name = "request-id-key",
     .type = OPTION_SECRET,
     .offset = offsetof(struct gateway_config, request_id_key),
     .required = true,
     .help = "Keys that mark request ids as ours: one of 32 hexadecimal digits a line, newest "
             "first. The "
             "same on all gateways."},
    {.name = "admin-token",
     .type = OPTION_SECRET,
     .offset = offsetof(struct gateway_config, admin_token),
     .file_offset = offsetof(struct gateway_config, admin_token_file),
     .required = true,
     .help = "Credential of the admin API (Authorization: Bearer TOKEN); up to 8, one a line, each "
             "alone or after its owner's name and a blank: coupon_change says by that name who "
             "changed something (admin: without one). The file is read again on SIGHUP."},
    {.name = "io-threads",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct gateway_config, io_threads),
     .default_value = "1",
     .min = 1,
     .max = 64,
     .argument = "N",
     .help = "Event loops, each with its own listener, connections and Kafka producer."},
    {.name = "mysql-threads",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct gateway_config, mysql_threads),
     .default_value = "2",
     .min = 1,
     .max = 64,
     .argument = "N",
     .help = "Connections to MySQL, each with its thread."},
    {.name = "max-connections",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct gateway_config, max_connections),
     .default_value = "20000",
     .min = 1,
     .max = 1000000,
     .argument = "N",
     .help =
         "Client connections of each I/O thread; accepting pauses at this number. Fewer where the "
         "process may not have so many files open."},
    {.name = "accept-timeout",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct gateway_config, accept_timeout_ms),
     .default_value = "3000",
     .min = 100,
     .max = 60000,
     .argument = "MILLISECONDS",
     .help = "Longest wait for Kafka to confirm a request; then the answer is 503 with outcome "
             "unknown."},
    {.name = "coupon-refresh",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct gateway_config, coupon_refresh_ms),
     .default_value = "1000",
     .min = 50,
     .max = 60000,
     .argument = "MILLISECONDS",
     .help =
         "How often coupons in use are read again; changes are also told at once through Redis."},
    {.name = "spool",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct gateway_config, spool),
     .default_value = "off",
     .choices = "off|on",
     .argument = "MODE",
     .help = "What happens to requests while Kafka is away. off: 503. on: they are kept in MySQL, "
             "answered 202, and moved to Kafka in their order when it is back. The same on all "
             "gateways."},
    {.name = "spool-after",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct gateway_config, spool_after_ms),
     .default_value = "1000",
     .min = 100,
     .max = 60000,
     .argument = "MILLISECONDS",
     .help = "With --spool=on, how long a request waits for Kafka before it goes into MySQL; less "
             "than --accept-timeout, which stays the longest wait for both."},
    {.name = "spool-max-rows",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct gateway_config, spool_max_rows),
     .default_value = "1000000",
     .min = 1,
     .max = 1000000000,
     .argument = "N",
     .help = "How many requests of all gateways may wait in MySQL (about 300 bytes each); then the "
             "answer is 503."},
    {.name = "access-log",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct gateway_config, access_log),
     .default_value = "0",
     .min = 0,
     .max = 1000000000,
     .argument = "N",
     .help = "Log every Nth answer of the public listener, whatever --log-level is. 0: none."},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct gateway_config, log_level),
     .default_value = "info",
     .choices = "error|warn|info|debug",
     .argument = "LEVEL",
     .help = "How much is logged, as JSON lines to standard error."},
};

enum option_result gateway_config_read(struct gateway_config *config, int argc, char **argv)
{
    enum option_result result;
    const struct option_group groups[] = {
        {"Gateway", gateway_specs, COUNT(gateway_specs), config},
        {"Tokens of users (--auth=jwt)", jwt_option_specs, jwt_option_count, &config->jwt},
        {"Rate limits", rate_option_specs, rate_option_count, &config->rate},
        {"Kafka", kafka_option_specs, kafka_option_count, &config->kafka},
        {"MySQL", sql_option_specs, sql_option_count, &config->sql},
        {"Redis", redis_option_specs, redis_option_count, &config->redis},
        {"Process", privilege_option_specs, privilege_option_count, &config->privilege},
    };

    result = option_read(
        "api-gateway", "api-gateway --auth=MODE [OPTION]...\n       api-gateway probe ...",
        "Takes issue requests over HTTP, answers 202 with a requestId once Kafka has "
        "them, and tells how they ended. Stateless: start as many as you like. SIGTERM "
        "stops accepting, answers what is pending, and ends. api-gateway probe asks a running one "
        "whether it is ready.",
        groups, COUNT(groups), argc, argv);
    if (result == OPTION_RUN && strcmp(config->spool, "on") == 0 &&
        config->spool_after_ms >= config->accept_timeout_ms) {
        fprintf(stderr,
                "api-gateway: --spool-after: %" PRId64 " leaves no time for MySQL: it must be less "
                "than --accept-timeout, %" PRId64 "\n",
                config->spool_after_ms, config->accept_timeout_ms);
        return OPTION_EXIT_USAGE;
    }
    return result;
}
