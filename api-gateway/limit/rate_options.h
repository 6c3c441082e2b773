#ifndef RATE_OPTIONS_H
#define RATE_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/option.h"

/* Calls that change something ask for coupons, calls that read poll. */
enum rate_call { RATE_ISSUE, RATE_POLL };
enum rate_who { RATE_USER, RATE_ADDRESS };

#define RATE_CALLS (RATE_POLL + 1)
#define RATE_WHOS (RATE_ADDRESS + 1)

struct rate_setting {
    int64_t per_minute; /* 0: no limit */
    int64_t burst;
};

struct rate_options {
    struct rate_setting settings[RATE_CALLS][RATE_WHOS];
    int64_t buckets; /* of each limit and I/O thread */
    struct option_list trusted_proxies;
    const char *forwarded_header; /* "x-forwarded-for" or "forwarded" */
};

extern const struct option_spec rate_option_specs[];
extern const size_t rate_option_count;

#endif
