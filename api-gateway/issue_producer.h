#ifndef ISSUE_PRODUCER_H
#define ISSUE_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api-gateway/result_location.h"
#include "common/contract/issue_request.h"
#include "common/kafka/kafka_options.h"

struct event_base;

/* One loop's way into Kafka: an idempotent producer with acks=all whose delivery reports come back
 * on the loop. Loop thread only. */
struct issue_producer;

/* How a produce ended. UNKNOWN: the record may be in the log or still get there. */
enum issue_delivery { ISSUE_DELIVERED, ISSUE_DELIVERY_UNKNOWN };

/* Called exactly once for each accepted produce. location is known when delivered. */
typedef void (*issue_delivered)(void *cookie, enum issue_delivery delivery,
                                struct result_location location);

/* NULL: error says why. */
struct issue_producer *issue_producer_new(struct event_base *base,
                                          const struct kafka_options *options,
                                          issue_delivered delivered, char *error,
                                          size_t error_size);

/* Free. Produces still open are reported UNKNOWN first: drain before. */
void issue_producer_free(struct issue_producer *producer);

/* Hand a request to Kafka. Requests are spread over that many partitions, by couponId as everywhere
 * (kafka_partition.h); 0: not known. False: it was not taken (queue full, partitions not known),
 * and will not be written. */
bool issue_producer_send(struct issue_producer *producer, const struct issue_request *request,
                         int32_t partitions, void *cookie);

/* Be told of the cookie of a report that is a few reports away, to fetch what it leads to into the
 * processor's caches (__builtin_prefetch). Not every report is told of before. */
void issue_producer_on_upcoming(struct issue_producer *producer, void (*upcoming)(void *cookie));

/* Be told when no broker can be reached while produces are open. */
void issue_producer_on_away(struct issue_producer *producer, void (*away)(void *cookie),
                            void *cookie);

/* Inside of delivered: when the reports were taken, monotonic. */
int64_t issue_producer_report_us(const struct issue_producer *producer);

/* Produces without a report yet. */
size_t issue_producer_open(const struct issue_producer *producer);

/* The longest time, in milliseconds, from a send until its record is in the log or never will be,
 * as it follows from the settings. */
int64_t issue_producer_settle_ms(const struct issue_producer *producer);

#endif
