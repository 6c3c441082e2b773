#ifndef BROADCAST_H
#define BROADCAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What workers and admins tell all gateways through Redis: hints that may be lost without harm.
 * Names of their keys and the channel are kept here, in one place; those of results in
 * result_key.h.
 *
 *   coupon:available:{couponId}  "true" or "false": can this coupon still be issued?
 *   coupon:progress              hash, field "{topic}:{partition}" = next offset to be decided
 */
#define BROADCAST_CHANNEL "coupon:broadcast"
#define BROADCAST_PROGRESS_KEY "coupon:progress"
#define BROADCAST_AVAILABLE_PREFIX "coupon:available:"
#define BROADCAST_TOPIC_MAX 249
#define BROADCAST_SIZE 320

enum broadcast_type {
    BROADCAST_PROGRESS, /* all records of the partition below next_offset are decided */
    BROADCAST_SOLD_OUT, /* the coupon has nothing left of total_stock; void once the stock is larger
                         */
    BROADCAST_CHANGED   /* the coupon's row changed: read it again */
};

struct broadcast {
    enum broadcast_type type;
    char topic[BROADCAST_TOPIC_MAX + 1]; /* PROGRESS */
    int32_t partition;
    int64_t next_offset;
    bool caught_up; /* PROGRESS: everything that was in the partition when the worker last looked,
                       at most a second or so before, is decided */
    uint64_t coupon_id;   /* SOLD_OUT, CHANGED */
    uint32_t total_stock; /* SOLD_OUT */
};

/* Write as one line of text, e.g. "progress coupon-issue-request 0 4711 1", "sold-out 1 100",
 * "changed 1". Returns its length. */
size_t broadcast_encode(const struct broadcast *broadcast, char text[BROADCAST_SIZE]);

/* False: text is none of these (a newer sender); ignore it. */
bool broadcast_decode(const char *text, size_t len, struct broadcast *broadcast);

#endif
