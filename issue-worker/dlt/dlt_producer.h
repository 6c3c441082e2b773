#ifndef DLT_PRODUCER_H
#define DLT_PRODUCER_H

#include <stddef.h>
#include <stdint.h>

#include "common/kafka/kafka_options.h"
#include "issue-worker/dlt/dlt_letter.h"

/* Produces dead letters into their original topic again. One thread. */
struct dlt_producer;

/* partitions: over how many of the topic's, from 0 on, records are spread by their keys, whatever
 * others it has; 0: over all. NULL: error says why. */
struct dlt_producer *dlt_producer_new(const struct kafka_options *options, int32_t partitions,
                                      char *error, size_t error_size);
void dlt_producer_free(struct dlt_producer *producer);

enum dlt_produced {
    DLT_PRODUCED,
    DLT_PRODUCE_REFUSED, /* surely not written, and again would not help: it is this record */
    DLT_PRODUCE_FAILED   /* Kafka is away; it may have been written or not */
};

/* Produce the letter's record: its key, value, headers and timestamp as they were, placed by its
 * key as any record is, with the headers of replay_mark.h. Waits until it is acknowledged, at most
 * the message time-out. *partition and *offset are its new place; else error says why. */
enum dlt_produced dlt_producer_send(struct dlt_producer *producer, const struct dlt_letter *letter,
                                    int32_t *partition, int64_t *offset, char *error,
                                    size_t error_size);

#endif
