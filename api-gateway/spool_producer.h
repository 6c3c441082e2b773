#ifndef SPOOL_PRODUCER_H
#define SPOOL_PRODUCER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api-gateway/spool_table.h"
#include "common/kafka/kafka_options.h"

/* The relay's way into Kafka: a producer that keeps the order of what it is given in each partition
 * without exception. It is idempotent, has one request under way at a time (a later one can't go
 * past one that failed), never lets a record time out (the next would take its place), and stops at
 * the first that fails for good (enable.gapless.guarantee). Blocking; one thread. */
struct spool_producer;

/* NULL: error says why. */
struct spool_producer *spool_producer_new(const struct kafka_options *options, char *error,
                                          size_t error_size);

/* Free, without waiting for records that have no report. NULL is allowed. */
void spool_producer_free(struct spool_producer *producer);

/* Does Kafka name a leader for each of the first partitions of the topic? Waits that long at most.
 */
bool spool_producer_reaches(struct spool_producer *producer, int32_t partitions, int timeout_ms);

/* Send rows in their order, spread over that many partitions, and wait for the reports.
 * delivered[i] tells which are in the log. False: some failed, or nothing was reported for
 * patience_ms, or *stopping turned true; then the others may get into the log until the producer is
 * freed, and even a little later, in their order. Free it: it takes no more. */
bool spool_producer_send(struct spool_producer *producer, const struct spool_row *rows,
                         size_t count, int32_t partitions, bool *delivered, int patience_ms,
                         const atomic_bool *stopping);

#endif
