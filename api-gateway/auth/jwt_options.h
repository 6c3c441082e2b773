#ifndef JWT_OPTIONS_H
#define JWT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/option.h"

/* What --auth=jwt goes by. Texts that are NULL were not given. */
struct jwt_options {
    struct option_list keys; /* "ALG=FILE" or "ALG:KID=FILE" */
    const char *jwks_file;
    const char *issuer;
    const char *audience;
    const char *user_claim;
    int64_t leeway_s;
    int64_t cached; /* tokens, of each I/O thread */
};

extern const struct option_spec jwt_option_specs[];
extern const size_t jwt_option_count;

/* False, with error: --auth=jwt needs more than was given. */
bool jwt_options_check(const struct jwt_options *options, char *error, size_t error_size);

#endif
