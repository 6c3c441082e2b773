#ifndef STATISTICS_STORE_H
#define STATISTICS_STORE_H

#include <stdint.h>

#include "common/redis/redis_options.h"
#include "issue-worker/events/event_sink.h"

/* Counts events in Redis, where coupon_statistics.h says. A batch is one script, which does all of
 * it and moves the position, or nothing, and nothing where the position is not the one that the
 * batch begins at: so a batch that is tried again, or by somebody who was replaced, counts once.
 * An event that the relay published twice counts once too, by the last changeNo of its user coupon.
 * When Redis has lost everything, so it has the position, and all is counted anew from the topic.
 */
struct statistics_store;

/* options are good and outlive it, and topic. minutes_s: how long the counts of a minute are kept.
 */
struct statistics_store *statistics_store_new(const struct redis_options *options,
                                              const char *topic, int64_t minutes_s);
void statistics_store_free(struct statistics_store *store);

/* The store as a sink. */
struct event_sink statistics_store_sink(struct statistics_store *store);

#endif
