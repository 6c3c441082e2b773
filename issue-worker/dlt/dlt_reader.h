#ifndef DLT_READER_H
#define DLT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "common/kafka/kafka_options.h"
#include "issue-worker/dlt/dlt_id.h"

/* Reads the dead-letter topic from its beginning to the end that it has at the start. No group, no
 * commits: nobody else notices. One thread. */
struct dlt_reader;

/* Connect, and find out the topic's partitions and their ends. ids: if there are any, only the part
 * of the topic that holds them is read. NULL: error says what is wrong. Blocks some seconds at
 * most. */
struct dlt_reader *dlt_reader_new(const struct kafka_options *options, const struct dlt_ids *ids,
                                  char *error, size_t error_size);
void dlt_reader_free(struct dlt_reader *reader);

/* The topic's name; lives as long as the reader. */
const char *dlt_reader_topic(const struct dlt_reader *reader);

/* How many offsets there are to read; the records may be fewer. */
int64_t dlt_reader_total(const struct dlt_reader *reader);

enum dlt_read { DLT_READ_RECORD, DLT_READ_NOTHING_YET, DLT_READ_END, DLT_READ_FAILED };

/* The next record, in offset order within each partition: rd_kafka_message_destroy it. Waits a
 * moment at most. FAILED: error says why; the reader is of no more use. */
enum dlt_read dlt_reader_next(struct dlt_reader *reader, rd_kafka_message_t **message, char *error,
                              size_t error_size);

#endif
