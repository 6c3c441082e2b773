#ifndef REDIS_BACKOFF_H
#define REDIS_BACKOFF_H

#include <stdint.h>

/* Pauses between attempts to reach Redis: 50 ms, doubling up to 2 s. Plain data, zero to begin. */
struct redis_backoff {
    int64_t pause_us;
};

/* How long to leave Redis alone now: half to the whole of the pause, so that programs don't come
 * back in one moment. up_us: how long the connection that just ended was good, 0 for an attempt
 * that failed. Only one that was good for 5 s begins the pauses anew: a server that comes and goes,
 * or answers PING and nothing else, is asked ever more seldom. random: any number. */
int64_t redis_backoff_next(struct redis_backoff *backoff, int64_t up_us, uint32_t random);

#endif
