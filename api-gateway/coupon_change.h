#ifndef COUPON_CHANGE_H
#define COUPON_CHANGE_H

#include <stdint.h>

#include "api-gateway/coupon_transition.h"
#include "common/contract/coupon.h"
#include "common/mysql/sql_session.h"

/* What an admin changes, in SQL. Pool threads only. Each change is one transaction, tried again
 * where another was in its way, and leaves a row in coupon_change with the place in the log of
 * requests at which it took effect: requests for the coupon below next_offset were decided before
 * it, the others are decided after it. topic, partition_id and next_offset are NULL where the
 * number of partitions is not known; next_offset is 0 where nothing in the partition was ever
 * decided. */

/* The log of requests. */
struct coupon_log {
    const char *topic;
    int32_t partitions; /* 0: not known */
};

/* Add a coupon; with coupon_id 0 it gets one. On SQL_OK *coupon is the row as it is now;
 * SQL_DUPLICATE: its id is taken. */
enum sql_class coupon_change_insert(struct sql_session *session, const struct coupon_log *log,
                                    struct coupon *coupon, struct sql_fault *fault);

/* Change the status to OPEN, PAUSED or CLOSED where coupon_transition allows it. The row is locked
 * before the fence is read, so no batch that holds requests for the coupon falls across the change.
 * On SQL_OK *step says what came of it and *coupon is the row as it is now, with coupon_id 0 when
 * there is none. */
enum sql_class coupon_change_status(struct sql_session *session, const struct coupon_log *log,
                                    uint64_t coupon_id, enum coupon_status wanted,
                                    enum coupon_step *step, struct coupon *coupon,
                                    struct sql_fault *fault);

#endif
