#ifndef USER_COUPON_CHANGE_H
#define USER_COUPON_CHANGE_H

#include "common/coupon/user_coupon_step.h"
#include "common/mysql/sql_session.h"

/* The changes of a user's coupon in SQL. Each runs inside the caller's transaction (READ COMMITTED;
 * sql_transaction.h opens one), which must be rolled back on anything but SQL_OK.
 *
 * The coupon's row is locked and looked at, user_coupon_step.h decides, and one UPDATE that holds
 * the conditions once more makes the change: its clock is read when the row is locked already, so
 * no wait lies between the look at the time and the change. Where it finds the row not as it was
 * decided (its time has just ended), that is SQL_TRANSIENT: from the start again. The event goes
 * into the outbox in the same transaction. Locked are first the coupon, then the order. */
struct user_coupon_outcome {
    enum user_coupon_step step;
    struct user_coupon held;   /* as it is now; coupon_id 0: there is none */
    struct coupon_order order; /* of the wish's orderId, as it is now */
    int64_t now_ms;            /* the database's clock at the decision */
};

/* Use the coupon for an order. */
enum sql_class user_coupon_change_use(struct sql_session *session,
                                      const struct user_coupon_wish *wish,
                                      struct user_coupon_outcome *outcome, struct sql_fault *fault);

/* Take the order's use back. wish->order_amount does not matter. */
enum sql_class user_coupon_change_cancel(struct sql_session *session,
                                         const struct user_coupon_wish *wish,
                                         struct user_coupon_outcome *outcome,
                                         struct sql_fault *fault);

/* Revoke it; of the wish only couponId and issueNo matter. */
enum sql_class user_coupon_change_revoke(struct sql_session *session,
                                         const struct user_coupon_wish *wish,
                                         struct user_coupon_outcome *outcome,
                                         struct sql_fault *fault);

/* The shop has cancelled an order of wish->user_id: it gives back the coupon that it uses, and will
 * never use one again, so that it does not matter in which order its payment and its end are heard.
 * step: CHANGE, a coupon was given back; NONE, there was nothing to give back. */
enum sql_class user_coupon_change_close_order(struct sql_session *session,
                                              const struct user_coupon_wish *wish,
                                              struct user_coupon_outcome *outcome,
                                              struct sql_fault *fault);

#endif
