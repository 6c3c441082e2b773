#ifndef LOOP_H
#define LOOP_H

#include <event2/event.h>

/* Let the loop run for a while. */
static inline void loop_run_ms(struct event_base *base, long ms)
{
    const struct timeval until = {ms / 1000, ms % 1000 * 1000};

    event_base_loopexit(base, &until);
    event_base_dispatch(base);
}

#endif
