#ifndef COUPON_REVOKE_H
#define COUPON_REVOKE_H

#include "api-gateway/coupon_transaction.h"
#include "common/coupon/user_coupon_step.h"

/* Take back what a user holds, with its row in coupon_change and its event; stock and limit stay
 * used up. On SQL_OK *step says what came of it: CHANGE, NONE, or why it is refused. Pool threads
 * only. */
enum sql_class coupon_revoke(struct sql_session *session, const struct coupon_log *log,
                             const struct user_coupon_wish *wish, enum user_coupon_step *step,
                             struct sql_fault *fault);

#endif
