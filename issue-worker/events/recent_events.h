#ifndef RECENT_EVENTS_H
#define RECENT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/contract/coupon_event.h"

/* The last events of user coupons, by what their ids are made of, to tell one that comes again. The
 * oldest are forgotten: a relay that was killed tells a chunk again, which lies close behind. Pure.
 */
struct recent_events;

struct recent_events *recent_events_new(size_t capacity);
void recent_events_free(struct recent_events *events);

bool recent_events_has(const struct recent_events *events, const struct coupon_event *event);

/* Remember it; one that is there already is left where it is. */
void recent_events_add(struct recent_events *events, const struct coupon_event *event);

#endif
