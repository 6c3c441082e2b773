#include "api-gateway/handlers/stats_minutes.h"

#include <inttypes.h>

#include "common/base/timestamp.h"

void stats_minutes_add(struct stats_minutes *minutes, const char *field, size_t field_len,
                       const char *value, size_t value_len)
{
    int64_t now = minutes->now_ms / COUPON_STATISTICS_MINUTE_MS;
    enum coupon_count count;
    int64_t minute_ms;
    uint64_t number;
    int64_t age;

    if (!coupon_statistics_read_minute(field, field_len, value, value_len, &minute_ms, &count,
                                       &number))
        return;
    age = now - minute_ms / COUPON_STATISTICS_MINUTE_MS;
    if (age >= 0 && age < STATS_MINUTES)
        minutes->counts[age][count] = number;
}

static bool is_empty(const uint64_t counts[COUPON_COUNTS])
{
    for (int i = 0; i < COUPON_COUNTS; i++)
        if (counts[i] > 0)
            return false;
    return true;
}

void stats_minutes_encode(const struct stats_minutes *minutes, struct strbuf *out)
{
    int64_t now = minutes->now_ms / COUPON_STATISTICS_MINUTE_MS;
    const char *separator = "";

    if (minutes->unknown) {
        strbuf_add_text(out, "null");
        return;
    }
    strbuf_add_text(out, "[");
    for (int age = STATS_MINUTES - 1; age >= 0; age--) {
        const uint64_t *counts = minutes->counts[age];
        char minute[TIMESTAMP_SIZE];

        if (is_empty(counts))
            continue;
        timestamp_format((now - age) * COUPON_STATISTICS_MINUTE_MS, minute);
        strbuf_addf(out,
                    "%s{\"minute\":\"%s\",\"issued\":%" PRIu64 ",\"used\":%" PRIu64
                    ",\"useCancelled\":%" PRIu64 ",\"expired\":%" PRIu64 ",\"revoked\":%" PRIu64
                    "}",
                    separator, minute, counts[COUPON_COUNT_ISSUED], counts[COUPON_COUNT_USED],
                    counts[COUPON_COUNT_USE_CANCELLED], counts[COUPON_COUNT_EXPIRED],
                    counts[COUPON_COUNT_REVOKED]);
        separator = ",";
    }
    strbuf_add_text(out, "]");
}
