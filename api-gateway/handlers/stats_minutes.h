#ifndef STATS_MINUTES_H
#define STATS_MINUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/coupon_statistics.h"

#define STATS_MINUTES 60

/* The last hour of a coupon, minute by minute, put together from what Redis holds. Zero-initialise,
 * and set now_ms. Pure. */
struct stats_minutes {
    int64_t now_ms;
    bool unknown;                                  /* Redis did not answer */
    uint64_t counts[STATS_MINUTES][COUPON_COUNTS]; /* [0]: the minute of now_ms */
};

/* Take a field of an hour (coupon_statistics.h); what lies outside the last hour is left out. */
void stats_minutes_add(struct stats_minutes *minutes, const char *field, size_t field_len,
                       const char *value, size_t value_len);

/* Append [{"minute","issued","used","useCancelled","expired","revoked"}], the oldest first, minutes
 * in which nothing happened left out; null where it is not known. */
void stats_minutes_encode(const struct stats_minutes *minutes, struct strbuf *out);

#endif
