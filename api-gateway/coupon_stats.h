#ifndef COUPON_STATS_H
#define COUPON_STATS_H

#include <stdint.h>

#include "common/contract/coupon.h"
#include "common/mysql/sql_session.h"

/* What became of a coupon so far: how many of those that were issued are in which status now. */
struct coupon_stats {
    struct coupon coupon; /* coupon_id 0: there is none */
    uint64_t issued, used, expired, revoked;
};

/* Count in one statement, so that the parts agree with issued_count. Reads every row of what users
 * hold of the coupon: about a second for a few million. Pool threads only. */
enum sql_class coupon_stats_read(struct sql_session *session, uint64_t coupon_id,
                                 struct coupon_stats *stats, struct sql_fault *fault);

/* Append {"couponId","totalStock","issuedCount","remaining","byStatus":{"ISSUED","USED","EXPIRED",
 * "REVOKED"}}. */
void coupon_stats_encode(const struct coupon_stats *stats, struct strbuf *out);

#endif
