#ifndef REDIS_OPTIONS_H
#define REDIS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/option.h"
#include "common/tls/tls_options.h"

/* How a program reaches Redis, which is only a hint: it may be away at any time. Texts that are
 * NULL were not given. */
struct redis_options {
    const char *host;
    int64_t port;
    const char *username;
    const char *password;
    const char *sentinels; /* "HOST:PORT,…": they say where Redis is, instead of host and port */
    const char *primary_name;
    const char *sentinel_username;
    const char *sentinel_password;
    int64_t timeout_ms;
    struct tls_options tls; /* of Redis and of the Sentinels */
    const char *tls_name;
};

extern const struct option_spec redis_option_specs[];
extern const size_t redis_option_count;

/* False, with error: the options don't fit together, or the list can't be read. */
bool redis_options_check(const struct redis_options *options, char *error, size_t error_size);

#endif
