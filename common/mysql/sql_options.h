#ifndef SQL_OPTIONS_H
#define SQL_OPTIONS_H

#include <stdint.h>

#include "common/base/option.h"

/* How a program reaches MySQL or MariaDB. */
struct sql_options {
    const char *host;
    int64_t port;
    const char *user;
    const char *password;
    const char *database;
    int64_t connect_timeout_s;
    int64_t answer_timeout_s;
};

extern const struct option_spec sql_option_specs[];
extern const size_t sql_option_count;

#endif
