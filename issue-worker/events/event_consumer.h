#ifndef EVENT_CONSUMER_H
#define EVENT_CONSUMER_H

#include "common/kafka/kafka_options.h"
#include "issue-worker/events/event_sink.h"
#include "issue-worker/service.h"

/* Reads topic coupon-events as a member of a group and hands what it reads to a sink, in order and
 * in batches of one partition. Only committed records are read. The sink says where to begin; the
 * group's committed offset is kept beside, for tools that show lag. While the sink can't take a
 * batch, fetching is paused and the membership kept. A record that can't be read is logged, counted
 * and passed over; a type that is not known is passed over. */
struct event_consumer_config {
    const struct kafka_options *kafka;
    const char *topic;
    const char *group;
    const char *client_id;
    int64_t batch_max; /* events */
};

/* Run until the service stops or the sink does; returns the exit status. */
int event_consumer_run(const struct event_consumer_config *config, const struct event_sink *sink,
                       struct service *service);

#endif
