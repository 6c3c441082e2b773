#include "common/contract/coupon_statistics.h"

#include <string.h>

#include "common/base/check.h"

#define PREFIX "{coupon-statistics}:"

static const char *const count_names[] = {
    [COUPON_COUNT_ISSUED] = "issued",
    [COUPON_COUNT_USED] = "used",
    [COUPON_COUNT_USE_CANCELLED] = "use-cancelled",
    [COUPON_COUNT_EXPIRED] = "expired",
    [COUPON_COUNT_REVOKED] = "revoked",
};

const char *coupon_count_name(enum coupon_count count)
{
    CHECK(count < COUPON_COUNTS, "count %d", (int)count);
    return count_names[count];
}

void coupon_statistics_total_key(uint64_t coupon_id, struct strbuf *out)
{
    strbuf_add_text(out, PREFIX "total:");
    strbuf_add_u64(out, coupon_id);
}

void coupon_statistics_hour_key(uint64_t coupon_id, int64_t wall_ms, struct strbuf *out)
{
    strbuf_add_text(out, PREFIX "hour:");
    strbuf_add_u64(out, coupon_id);
    strbuf_add(out, ":", 1);
    strbuf_add_u64(out, (uint64_t)(wall_ms / COUPON_STATISTICS_HOUR_MS));
}

void coupon_statistics_seen_key(uint64_t coupon_id, uint32_t issue_no, struct strbuf *out)
{
    strbuf_add_text(out, PREFIX "seen:");
    strbuf_add_u64(out, coupon_id);
    strbuf_add(out, ":", 1);
    strbuf_add_u64(out, issue_no / COUPON_STATISTICS_BLOCK);
}

size_t coupon_statistics_counts_of(const struct coupon_event *event, enum coupon_count counts[2])
{
    switch (event->type) {
    case COUPON_EVENT_ISSUED:
        counts[0] = COUPON_COUNT_ISSUED;
        return 1;
    case COUPON_EVENT_USED:
        counts[0] = COUPON_COUNT_USED;
        return 1;
    case COUPON_EVENT_USE_CANCELLED:
        counts[0] = COUPON_COUNT_USE_CANCELLED;
        counts[1] = COUPON_COUNT_EXPIRED;
        return event->expired ? 2 : 1;
    case COUPON_EVENT_EXPIRED:
        counts[0] = COUPON_COUNT_EXPIRED;
        return 1;
    case COUPON_EVENT_REVOKED:
        counts[0] = COUPON_COUNT_REVOKED;
        return 1;
    case COUPON_EVENT_SOLD_OUT:
        break;
    }
    return 0;
}

static bool read_number(const char *text, size_t len, uint64_t max, uint64_t *number)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)text[i] - '0';

        if (digit > 9 || sum > (max - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *number = sum;
    return len > 0;
}

static bool name_is(const char *name, const char *text, size_t len)
{
    return strlen(name) == len && memcmp(name, text, len) == 0;
}

static bool read_count(const char *text, size_t len, enum coupon_count *count)
{
    for (int i = 0; i < COUPON_COUNTS; i++) {
        if (name_is(count_names[i], text, len)) {
            *count = (enum coupon_count)i;
            return true;
        }
    }
    return false;
}

bool coupon_statistics_read_total(const char *field, size_t field_len, const char *value,
                                  size_t value_len, struct coupon_statistics *statistics)
{
    enum coupon_count count;
    uint64_t number;

    if (!read_number(value, value_len, INT64_MAX, &number))
        return false;
    if (read_count(field, field_len, &count))
        statistics->counts[count] = number;
    else if (name_is("sold-out-at", field, field_len))
        statistics->sold_out_at_ms = (int64_t)number;
    else if (name_is("sold-out-stock", field, field_len) && number <= UINT32_MAX)
        statistics->sold_out_stock = (uint32_t)number;
    else
        return false;
    return true;
}

bool coupon_statistics_read_minute(const char *field, size_t field_len, const char *value,
                                   size_t value_len, int64_t *minute_ms, enum coupon_count *count,
                                   uint64_t *number)
{
    const char *colon = memchr(field, ':', field_len);
    size_t minute_len = colon ? (size_t)(colon - field) : 0;
    uint64_t minute;

    if (!colon ||
        !read_number(field, minute_len, INT64_MAX / COUPON_STATISTICS_MINUTE_MS, &minute) ||
        !read_count(colon + 1, field_len - minute_len - 1, count))
        return false;
    *minute_ms = (int64_t)minute * COUPON_STATISTICS_MINUTE_MS;
    return read_number(value, value_len, INT64_MAX, number);
}
