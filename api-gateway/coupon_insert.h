#ifndef COUPON_INSERT_H
#define COUPON_INSERT_H

#include "api-gateway/coupon_transaction.h"
#include "common/contract/coupon.h"
#include "common/contract/policy.h"

/* What an admin makes anew, in SQL; each is one transaction with its rows in coupon_change. Pool
 * threads only. */

/* Add a coupon; with coupon_id 0 it gets one. On SQL_OK *coupon is the row as it is now, or
 * *overlaps is true and nothing was done: another window of its policy is open at that time.
 * SQL_DUPLICATE: its id is taken. */
enum sql_class coupon_insert(struct sql_session *session, const struct coupon_log *log,
                             struct coupon *coupon, bool *overlaps, struct sql_fault *fault);

/* Add a policy with all its windows; with policy_id 0 it gets one. On SQL_OK its windows are the
 * rows as they are now. SQL_DUPLICATE: its id is taken. */
enum sql_class coupon_insert_policy(struct sql_session *session, const struct coupon_log *log,
                                    struct policy *policy, struct sql_fault *fault);

#endif
