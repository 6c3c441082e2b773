#include "common/redis/redis_backoff.h"

#define PAUSE_MIN_US INT64_C(50000)
#define PAUSE_MAX_US INT64_C(2000000)
#define STEADY_US INT64_C(5000000)

int64_t redis_backoff_next(struct redis_backoff *backoff, int64_t up_us, uint32_t random)
{
    int64_t half_us;

    if (backoff->pause_us == 0 || up_us >= STEADY_US)
        backoff->pause_us = PAUSE_MIN_US;
    else if (backoff->pause_us <= PAUSE_MAX_US / 2)
        backoff->pause_us *= 2;
    else
        backoff->pause_us = PAUSE_MAX_US;
    half_us = backoff->pause_us / 2;
    return half_us + random % (half_us + 1);
}
