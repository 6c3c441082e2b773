#ifndef EVENT_SINK_H
#define EVENT_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "issue-worker/events/event_batch.h"

/* Where events go, and who remembers how far they went. Called by the consumer's thread. */
enum event_taken {
    EVENT_TAKEN,      /* the batch had its effect, or had it before */
    EVENT_AGAIN,      /* something is away: the same batch again, later */
    EVENT_REPOSITION, /* the sink is elsewhere than the consumer thought: ask position again */
    EVENT_STOP        /* going on would do harm; logged */
};

#define EVENT_POSITION_START (-1) /* the log's start: nothing had its effect yet */

struct event_sink {
    /* Where a partition goes on. False: not known now, ask again. */
    bool (*position)(void *cookie, int32_t partition, int64_t *next_offset);
    enum event_taken (*take)(void *cookie, const struct event_batch *batch);
    bool may_forget; /* its position may become another one by itself: look now and then */
    bool is_partial; /* what the group committed had its effect too, be it elsewhere */
    void *cookie;
};

#endif
