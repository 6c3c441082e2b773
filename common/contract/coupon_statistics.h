#ifndef COUPON_STATISTICS_H
#define COUPON_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/contract/coupon_event.h"

/* Where Redis keeps what issue-worker statistics counted of a coupon's events. All keys share a
 * hash tag, so that one script changes them together with the position in the topic.
 *
 *   {coupon-statistics}:offset                  hash: "{topic}:{partition}" = next offset to count
 *   {coupon-statistics}:total:{couponId}        hash: a count's name = how many; and, once it was
 *                                               sold out, "sold-out-at" = milliseconds since 1970,
 *                                               "sold-out-stock" = of how many
 *   {coupon-statistics}:hour:{couponId}:{hour}  hash: "{minute}:{count's name}" = how many; hour
 *                                               and minute are counted since 1970; expires
 *   {coupon-statistics}:seen:{couponId}:{block} string: the last changeNo of each user coupon of
 *                                               the block, 32 bits each; expires
 *
 * The counts: issued, used, use-cancelled, expired, revoked; in the minute of occurredAt. A use
 * that is cancelled after the coupon's time counts as use-cancelled and as expired. Everything here
 * can be counted again from the topic: whoever finds no keys knows that nothing was counted yet.
 *
 * Reading: HGETALL of a total and of the hours wanted, each field and value handed to the readers
 * below. A reader sees a moment of each hash, and all of a batch of events or none. */
#define COUPON_STATISTICS_OFFSET_KEY "{coupon-statistics}:offset"
#define COUPON_STATISTICS_MINUTE_MS INT64_C(60000)
#define COUPON_STATISTICS_HOUR_MS INT64_C(3600000)
#define COUPON_STATISTICS_BLOCK 65536 /* user coupons whose changeNo lie in one "seen" */

enum coupon_count {
    COUPON_COUNT_ISSUED,
    COUPON_COUNT_USED,
    COUPON_COUNT_USE_CANCELLED,
    COUPON_COUNT_EXPIRED,
    COUPON_COUNT_REVOKED
};
#define COUPON_COUNTS (COUPON_COUNT_REVOKED + 1)

/* "issued", "used", "use-cancelled", "expired", "revoked". */
const char *coupon_count_name(enum coupon_count count);

/* A coupon's counts, or those of one minute (without the last two). */
struct coupon_statistics {
    uint64_t counts[COUPON_COUNTS];
    int64_t sold_out_at_ms; /* 0: never */
    uint32_t sold_out_stock;
};

/* Append the keys. wall_ms: any moment of the hour. issue_no: any of the block. */
void coupon_statistics_total_key(uint64_t coupon_id, struct strbuf *out);
void coupon_statistics_hour_key(uint64_t coupon_id, int64_t wall_ms, struct strbuf *out);
void coupon_statistics_seen_key(uint64_t coupon_id, uint32_t issue_no, struct strbuf *out);

/* Which counts an event adds one to; returns how many they are, 0 to 2. */
size_t coupon_statistics_counts_of(const struct coupon_event *event, enum coupon_count counts[2]);

/* A field of a total: fill in what it says. False: none that we know, statistics is as before. */
bool coupon_statistics_read_total(const char *field, size_t field_len, const char *value,
                                  size_t value_len, struct coupon_statistics *statistics);

/* A field of an hour: *minute_ms is when its minute begins, since 1970. False: none that we know.
 */
bool coupon_statistics_read_minute(const char *field, size_t field_len, const char *value,
                                   size_t value_len, int64_t *minute_ms, enum coupon_count *count,
                                   uint64_t *number);

#endif
