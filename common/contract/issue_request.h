#ifndef ISSUE_REQUEST_H
#define ISSUE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/contract/request_id.h"
#include "common/contract/traceparent.h"

/* What travels through the request topic: key = couponId in decimal, value = JSON
 * {"schemaVersion":1,"requestId","couponId","userId","acceptedAt"}. */
#define ISSUE_REQUEST_VERSION 1
#define ISSUE_REQUEST_VALUE_MAX 16384 /* bytes; a longer value is a fault */

struct issue_request {
    char request_id[REQUEST_ID_MAX + 1];
    uint64_t coupon_id; /* 0: the record names a policy_id instead */
    uint64_t policy_id; /* 0: none */
    uint64_t user_id;
    int64_t accepted_at_ms;             /* wall clock */
    char traceparent[TRACEPARENT_SIZE]; /* travels as a header, not in the value; "": none */
};

/* A record as Kafka delivers it. key or value NULL: null in Kafka. */
struct issue_record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* -1: none */
    const char *key;
    size_t key_len;
    const char *value;
    size_t value_len;
    const char *traceparent; /* the header's value; NULL: none */
    size_t traceparent_len;
    bool replayed;           /* an operator produced its dead letter again */
    int32_t first_partition; /* replayed: its place before it became a dead letter */
    int64_t first_offset;
};

enum issue_request_fault {
    ISSUE_REQUEST_OK,
    ISSUE_REQUEST_EMPTY, /* null or no bytes */
    ISSUE_REQUEST_TOO_LONG,
    ISSUE_REQUEST_NOT_JSON,    /* json.h: INVALID or UNUSABLE */
    ISSUE_REQUEST_WRONG_SHAPE, /* a field is missing or of the wrong type or range */
    ISSUE_REQUEST_NEW_VERSION, /* a schemaVersion newer than ISSUE_REQUEST_VERSION */
    ISSUE_REQUEST_NO_KEY,      /* null or empty */
    ISSUE_REQUEST_OTHER_KEY,   /* the key contradicts the value */
    ISSUE_REQUEST_REFUSED      /* readable, but the database won't take its decision; never from
                                  issue_request_decode */
};

/* A stable upper-case name for logs, metrics and DLT headers, e.g. "NOT_JSON". */
const char *issue_request_fault_name(enum issue_request_fault fault);

/* The value to produce. Appends to out. request_id is valid, user_id and coupon_id (or, where that
 * is 0, policy_id) are not 0, accepted_at_ms is one that timestamp.h can format. */
void issue_request_encode(const struct issue_request *request, struct strbuf *out);

/* Read a record, tolerantly: requestId, couponId and userId are enough; unknown fields are ignored,
 * and null is as good as absent. Shapes of other producers (names as in their systems):
 *
 *   requestId, else eventId, else made of topic, partition and offset, the same at a redelivery
 *     (and at a replay, which takes those of its first place)
 *   couponId, else policyId (the coupon of that policy whose window holds acceptedAt)
 *   acceptedAt, else issuedAt, else timestamp, else the record's Kafka timestamp
 *   schemaVersion, else version
 *
 * "else" means that what follows is not looked at: with a couponId, policy_id is 0.
 * Key: the decimal couponId (or policyId where the record names that), or "coupon-" and the
 * couponId.
 *
 * On ISSUE_REQUEST_OK accepted_at_ms is 0…TIMESTAMP_MAX_MS. On a fault, what could be read of
 * request_id, coupon_id, policy_id, user_id and accepted_at_ms is set, the rest is empty or 0 (an
 * id is not made up then), and detail (if not NULL) says what is wrong in a sentence without the
 * value's bytes. NEW_VERSION goes before WRONG_SHAPE (a newer version may well have another shape),
 * and both before the key's faults. */
enum issue_request_fault issue_request_decode(const struct issue_record *record,
                                              struct issue_request *request, char *detail,
                                              size_t detail_size);

#endif
