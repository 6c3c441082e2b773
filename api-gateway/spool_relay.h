#ifndef SPOOL_RELAY_H
#define SPOOL_RELAY_H

#include "api-gateway/config.h"
#include "api-gateway/spool.h"
#include "api-gateway/topic_watch.h"

/* A thread of each gateway that watches the spool (once a second, faster while there is something
 * in it) and, where it holds the right to, moves all gateways' rows to Kafka in their order. A
 * gateway that died or lost Kafka loses the right after some seconds and another takes it.
 *
 * What may go wrong does no harm: whoever moves rows begins with the first that is not known to be
 * in the log and keeps their order in each partition, so in whatever way several of them mix (one
 * that was frozen and wakes, records of one that died that come late), the first record of each
 * request stands in the order of the rows; and further records of a request are none to the
 * workers. A row is removed only when its own record was confirmed: killed in between, it is moved
 * again. */
struct spool_relay;

/* All must outlive it. */
struct spool_relay *spool_relay_start(const struct gateway_config *config,
                                      const struct topic_watch *topic, struct spool *spool);

/* Bounded by some seconds. NULL is allowed. */
void spool_relay_stop(struct spool_relay *relay);

#endif
