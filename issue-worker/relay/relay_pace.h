#ifndef RELAY_PACE_H
#define RELAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/failure/failure_class.h"

/* How long the relay rests between two looks at the outbox. Pure. Zero-initialise. */
struct relay_pace {
    int64_t idle_us;      /* the last rest without events */
    unsigned int outages; /* in a row */
};

/* Events were published, more (a full chunk) or fewer: none or the shortest rest. */
int64_t relay_pace_published(struct relay_pace *pace, bool more);

/* There was nothing: twice as long as the last time, at most max_us. */
int64_t relay_pace_idle(struct relay_pace *pace, int64_t max_us);

/* Something went wrong: short for TRANSIENT, longer and longer, up to 5 s, for the others. random
 * spreads the rests of several relays. */
int64_t relay_pace_failed(struct relay_pace *pace, enum failure_class class, uint32_t random);

#endif
