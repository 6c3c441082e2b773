#include "common/redis/redis_options.h"

#include <stdio.h>

#include "common/redis/redis_address.h"
#include "common/redis/redis_tls.h"

const struct option_spec redis_option_specs[] = {
    {.name = "redis-host",
     .type = OPTION_TEXT,
     .offset = offsetof(struct redis_options, host),
     .default_value = "127.0.0.1",
     .min = 1,
     .max = 255,
     .argument = "HOST",
     .help = "Redis server; its loss costs speed, never an answer."},
    {.name = "redis-port",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct redis_options, port),
     .default_value = "16379",
     .min = 1,
     .max = 65535,
     .argument = "PORT",
     .help = "Its TCP port."},
    {.name = "redis-username",
     .type = OPTION_TEXT,
     .offset = offsetof(struct redis_options, username),
     .min = 1,
     .max = 255,
     .argument = "NAME",
     .help = "User to log in to Redis as; without it, and with a password, its default user."},
    {.name = "redis-password",
     .type = OPTION_SECRET,
     .offset = offsetof(struct redis_options, password),
     .help = "The user's password."},
    {.name = "redis-sentinels",
     .type = OPTION_TEXT,
     .offset = offsetof(struct redis_options, sentinels),
     .min = 3,
     .max = 4096,
     .argument = "HOST:PORT,...",
     .help = "Sentinels that say where the primary is; --redis-host and --redis-port are not used "
             "then. They must name it by a numeric address."},
    {.name = "redis-primary-name",
     .type = OPTION_TEXT,
     .offset = offsetof(struct redis_options, primary_name),
     .default_value = "mymaster",
     .min = 1,
     .max = 255,
     .argument = "NAME",
     .help = "What the Sentinels call the primary."},
    {.name = "redis-sentinel-username",
     .type = OPTION_TEXT,
     .offset = offsetof(struct redis_options, sentinel_username),
     .min = 1,
     .max = 255,
     .argument = "NAME",
     .help = "User to log in to the Sentinels as."},
    {.name = "redis-sentinel-password",
     .type = OPTION_SECRET,
     .offset = offsetof(struct redis_options, sentinel_password),
     .help = "That user's password."},
    {.name = "redis-timeout",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct redis_options, timeout_ms),
     .default_value = "250",
     .min = 10,
     .max = 10000,
     .argument = "MILLISECONDS",
     .help = "Longest wait for a connection or an answer; then it is done without Redis."},
    TLS_OPTION_SPECS("redis", "server (and Sentinel)", struct redis_options, tls),
    {.name = "redis-tls-name",
     .type = OPTION_TEXT,
     .offset = offsetof(struct redis_options, tls_name),
     .min = 1,
     .max = 255,
     .argument = "NAME",
     .help = "Name that the certificates must have; without it the host's, and with Sentinels "
             "their and the primary's addresses."},
};

const size_t redis_option_count = sizeof redis_option_specs / sizeof redis_option_specs[0];

bool redis_options_check(const struct redis_options *options, char *error, size_t error_size)
{
    struct redis_address sentinels[REDIS_SENTINELS_MAX];
    size_t count;

    if (options->username && !options->password) {
        snprintf(error, error_size, "--redis-username is given without --redis-password-file");
        return false;
    }
    if (options->sentinel_username && !options->sentinel_password) {
        snprintf(error, error_size,
                 "--redis-sentinel-username is given without --redis-sentinel-password-file");
        return false;
    }
    if (options->sentinels && !redis_address_list_parse(options->sentinels, sentinels, &count)) {
        snprintf(error, error_size,
                 "--redis-sentinels %s: give 1 to %d times HOST:PORT with commas between them",
                 options->sentinels, REDIS_SENTINELS_MAX);
        return false;
    }
    return redis_tls_check(options, error, error_size);
}
