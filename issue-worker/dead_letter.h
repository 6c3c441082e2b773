#ifndef DEAD_LETTER_H
#define DEAD_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/kafka/kafka_options.h"
#include "issue-worker/issue_batch.h"

/* Writes records that can't be decided to the dead-letter topic: same partition number, key, value
 * and headers, plus headers as Spring Kafka's DeadLetterPublishingRecoverer writes them
 * (org.springframework.kafka.support.KafkaHeaders: kafka_dlt-*; numbers big-endian), and
 * kafka_dlt-retry-count, 4 bytes: how often the record was tried again by itself, 0 for one that
 * can't be read. A record that was a dead letter before has only the headers of this time.
 *
 * A letter is written before its record's transaction is committed, so that a record is never
 * passed over without one. Whoever crashes in between writes it again: letters with the same
 * original topic, partition and offset are one. */
struct dead_letter;

/* group names the consumer group in the headers. NULL: error says why. */
struct dead_letter *dead_letter_new(const struct kafka_options *options, const char *group,
                                    char *error, size_t error_size);
void dead_letter_free(struct dead_letter *dead_letter);

/* True for an item that belongs into the dead-letter topic. */
bool dead_letter_wanted(const struct issue_item *item);

/* Write the batch's dead letters and wait until the brokers have them all. False: at least one is
 * not known to be there, and text says why and what to do; nothing of the batch may be committed
 * then, and the same batch again writes them again. Blocks at most a message time-out, and calls
 * waiting several times a second meanwhile. One thread at a time. */
bool dead_letter_send(struct dead_letter *dead_letter, const struct issue_batch *batch,
                      void (*waiting)(void *cookie), void *cookie, char *text, size_t text_size);

#endif
