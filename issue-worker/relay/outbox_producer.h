#ifndef OUTBOX_PRODUCER_H
#define OUTBOX_PRODUCER_H

#include <stdbool.h>

#include "common/failure/failure_class.h"
#include "common/kafka/kafka_options.h"
#include "issue-worker/relay/outbox_rows.h"
#include "issue-worker/service.h"

/* The relay's way into Kafka: an idempotent, transactional producer. Opening one is the fence: from
 * then on Kafka refuses whatever an older producer with the same id still sends, and what such a
 * one had open is aborted. So a relay that froze in the middle of a chunk and wakes after another
 * took over can add nothing. A chunk is one transaction: readers of committed records (the default
 * of librdkafka, a setting of others) see all of it or nothing; others see its records at least
 * once, and the first of each in order. Blocking; one thread. */
struct outbox_producer;

struct outbox_fault {
    enum failure_class class;
    bool fenced; /* another relay has opened its producer since */
    char text[256];
};

/* Make one with that transactional.id and shut out all before it. NULL: *fault says why. */
struct outbox_producer *outbox_producer_open(const struct kafka_options *options, const char *topic,
                                             const char *transactional_id,
                                             const struct service *service,
                                             struct outbox_fault *fault);

/* Free, without waiting for anything. NULL is allowed. */
void outbox_producer_free(struct outbox_producer *producer);

/* Publish the rows in their order. True: all of them are committed in the topic. False: none is, or
 * it is not known; free the producer, the next one finds out by publishing the same rows. */
bool outbox_producer_publish(struct outbox_producer *producer, const struct outbox_chunk *chunk,
                             const struct service *service, struct outbox_fault *fault);

#endif
