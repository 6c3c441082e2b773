#ifndef EVENT_BATCH_H
#define EVENT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/contract/coupon_event.h"

/* Events of one partition in their order, on the way into a sink. */
struct event_item {
    struct coupon_event event;
    int64_t offset;
    const char *value; /* its bytes as they are in the topic */
    size_t value_len;
    void *message; /* whose they are */
};

struct event_batch {
    int32_t partition;
    int64_t begin_offset; /* where the sink was before it; -1: nowhere, it knew nothing */
    int64_t next_offset;  /* behind it, and behind what was passed over */
    struct event_item *items;
    size_t count, capacity;
};

#endif
