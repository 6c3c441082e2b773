#ifndef RATE_BUCKET_H
#define RATE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* A token bucket as one number, the instant at which it is full again (the "generic cell rate
 * algorithm", ITU-T I.371). Times are of one clock that only goes forward. No I/O. */
struct rate_policy {
    int64_t interval_ns; /* after which a token comes back */
    int64_t burst;       /* tokens in a full bucket, 1 or more */
};

/* per_minute: 1 to 60 million. */
struct rate_policy rate_policy_of(int64_t per_minute, int64_t burst);

struct rate_answer {
    bool allowed;
    int64_t remaining; /* tokens */
    int64_t full_s;    /* seconds until the bucket is full, rounded up */
    int64_t retry_s;   /* seconds until a token is there, rounded up; 0 where one is */
};

/* Take a token out, if there is one. *full_at_ns of 0, or any time gone by, is a full bucket. */
struct rate_answer rate_bucket_take(int64_t *full_at_ns, const struct rate_policy *policy,
                                    int64_t now_ns);

#endif
