#include "common/redis/redis_options.h"

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
    {.name = "redis-timeout",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct redis_options, timeout_ms),
     .default_value = "250",
     .min = 10,
     .max = 10000,
     .argument = "MILLISECONDS",
     .help = "Longest wait for a connection or an answer; then it is done without Redis."},
};

const size_t redis_option_count = sizeof redis_option_specs / sizeof redis_option_specs[0];
