#ifndef SQL_OPTIONS_H
#define SQL_OPTIONS_H

#include <stdint.h>

#include "common/base/option.h"
#include "common/tls/tls_options.h"

/* How a program reaches MySQL or MariaDB. */
struct sql_options {
    const char *host;
    int64_t port;
    const char *user;
    const char *password;
    const char *database;
    int64_t connect_timeout_s;
    int64_t answer_timeout_s;
    struct tls_options tls;
};

extern const struct option_spec sql_option_specs[];
extern const size_t sql_option_count;

/* False, with error: what is said of TLS does not fit together, or a file is no good. */
bool sql_options_check(const struct sql_options *options, char *error, size_t error_size);

#endif
