#include "api-gateway/coupon_stats.h"

#include <inttypes.h>
#include <string.h>

static void read_coupon(void *cookie, char **values, const unsigned long *lengths)
{
    struct coupon_stats *stats = cookie;
    const struct {
        const char *name;
        uint64_t *count;
    } table[] = {
        {"ISSUED", &stats->issued},
        {"USED", &stats->used},
        {"EXPIRED", &stats->expired},
        {"REVOKED", &stats->revoked},
    };

    (void)lengths;
    stats->coupon.coupon_id = (uint64_t)sql_read_number(values[0], 0);
    stats->coupon.total_stock = (uint32_t)sql_read_number(values[1], 0);
    stats->coupon.issued_count = (uint32_t)sql_read_number(values[2], 0);
    for (size_t i = 0; values[3] && i < sizeof table / sizeof table[0]; i++)
        if (strcmp(values[3], table[i].name) == 0)
            *table[i].count = (uint64_t)sql_read_number(values[4], 0);
}

enum sql_class coupon_stats_read(struct sql_session *session, uint64_t coupon_id,
                                 struct coupon_stats *stats, struct sql_fault *fault)
{
    struct strbuf text = STRBUF_INIT;
    enum sql_class class;

    memset(stats, 0, sizeof *stats);
    strbuf_addf(&text,
                "SELECT c.coupon_id,c.total_stock,c.issued_count,u.status,u.holders FROM coupon c "
                "LEFT JOIN (SELECT coupon_id,status,COUNT(*) AS holders FROM user_coupon "
                "WHERE coupon_id=%" PRIu64 " GROUP BY coupon_id,status) u "
                "ON u.coupon_id=c.coupon_id WHERE c.coupon_id=%" PRIu64,
                coupon_id, coupon_id);
    class = sql_session_query(session, text.data, text.len, read_coupon, stats, fault);
    strbuf_free(&text);
    return class;
}

void coupon_stats_encode(const struct coupon_stats *stats, struct strbuf *out)
{
    const struct coupon *coupon = &stats->coupon;

    strbuf_addf(out,
                "{\"couponId\":%" PRIu64 ",\"totalStock\":%" PRIu32 ",\"issuedCount\":%" PRIu32
                ",\"remaining\":%" PRIu32,
                coupon->coupon_id, coupon->total_stock, coupon->issued_count,
                coupon->total_stock - coupon->issued_count);
    strbuf_addf(out,
                ",\"byStatus\":{\"ISSUED\":%" PRIu64 ",\"USED\":%" PRIu64 ",\"EXPIRED\":%" PRIu64
                ",\"REVOKED\":%" PRIu64 "}}",
                stats->issued, stats->used, stats->expired, stats->revoked);
}
