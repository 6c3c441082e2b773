#ifndef REDIS_OPTIONS_H
#define REDIS_OPTIONS_H

#include <stdint.h>

#include "common/base/option.h"

/* How a program reaches Redis, which is only a hint: it may be away at any time. */
struct redis_options {
    const char *host;
    int64_t port;
    int64_t timeout_ms;
};

extern const struct option_spec redis_option_specs[];
extern const size_t redis_option_count;

#endif
