#ifndef DLT_LETTER_H
#define DLT_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract/request_id.h"

/* A record of the dead-letter topic, and what can be read of it. Plain data, no I/O. Anything may
 * be in that topic: what is missing or odd is left out. */
struct dlt_bytes {
    const char *data; /* NULL: null in Kafka */
    size_t len;
};

struct dlt_header {
    const char *name;
    struct dlt_bytes value;
};

/* The record that a letter is about. With the timestamp it is the same record in a topic that was
 * made anew too. */
struct dlt_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
};

struct dlt_letter {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* when it became a dead letter; -1: none */
    struct dlt_bytes key;
    struct dlt_bytes value;
    struct dlt_header *headers;
    size_t header_count;

    bool has_record;          /* its headers name the place of a record of topic */
    struct dlt_record record; /* without: the letter's own place and time */
    struct dlt_bytes topic;   /* as the headers name it, or NULL */
    struct dlt_bytes cause;   /* class or name of the fault, or NULL */
    struct dlt_bytes message; /* what is wrong, or NULL */
    int64_t retries;          /* tries by itself before it was given up; -1: not told */
    int32_t origin_partition; /* where the record was before it was ever replayed */
    int64_t origin_offset;
    char request_id[REQUEST_ID_MAX + 1]; /* "": not readable */
    uint64_t coupon_id;                  /* 0: not readable */
    uint64_t user_id;
};

/* Fill what lies below header_count from what lies above it. topic: the one whose dead letters
 * these are. Of a header that is there twice the last one counts: it is the one of the last writer.
 * Names and encodings: org.springframework.kafka.support.KafkaHeaders, as its
 * DeadLetterPublishingRecoverer writes them (numbers big-endian). */
void dlt_letter_read(struct dlt_letter *letter, const char *topic);

/* Does the header belong to the dead letter and not to the record? */
bool dlt_header_is_ours(const char *name);

/* The record's own timestamp, which decides the issue window where the value has no acceptedAt;
 * -1: none is known. */
int64_t dlt_letter_timestamp(const struct dlt_letter *letter);

#endif
