#ifndef USER_COUPON_STEP_H
#define USER_COUPON_STEP_H

#include "common/coupon/user_coupon.h"

/* What it means to ask that a user's coupon be used, given back or revoked. Pure: who may do what
 * at which moment is all here; user_coupon_change.c makes it so.
 *
 *     ISSUED ── use ──► USED          not after its end
 *     USED ── cancel-use ──► ISSUED   or EXPIRED, when its time is over by then
 *     ISSUED ── revoke ──► REVOKED    for good
 *     ISSUED ── time ──► EXPIRED      for good; expiry-batch writes it down
 *
 * What is USED is not revoked: the order has had its discount. Cancel the use first. */
enum user_coupon_step {
    USER_COUPON_STEP_CHANGE, /* it is to be done */
    USER_COUPON_STEP_NONE,   /* it was done before, by the same order: the same answer again */
    USER_COUPON_STEP_UNKNOWN,
    USER_COUPON_STEP_FORBIDDEN, /* another user's */
    USER_COUPON_STEP_EXPIRED,
    USER_COUPON_STEP_REVOKED,
    USER_COUPON_STEP_ALREADY_USED, /* by another order */
    USER_COUPON_STEP_NOT_USED,
    USER_COUPON_STEP_ORDER_MISMATCH, /* the order has used a coupon, with another amount or another
                                        one; or another order uses this coupon */
    USER_COUPON_STEP_ORDER_CANCELLED,
    USER_COUPON_STEP_BELOW_MINIMUM,
    USER_COUPON_STEP_AMOUNT_MISMATCH /* whoever asks has reckoned another discount */
};

/* Somebody's wish. */
struct user_coupon_wish {
    uint64_t coupon_id;
    uint32_t issue_no;
    uint64_t user_id; /* who asks; 0: it is not known, and taken for the owner */
    char order_id[ORDER_ID_MAX + 1];
    int64_t order_amount;  /* before the discount */
    bool discount_is_told; /* somebody has given discount_told already: it must be ours */
    int64_t discount_told;
};

/* held and order are as they are now, the coupon's terms in coupon. On CHANGE *discount is what the
 * coupon takes off. */
enum user_coupon_step user_coupon_use(const struct user_coupon *held, const struct coupon *coupon,
                                      const struct coupon_order *order,
                                      const struct user_coupon_wish *wish, int64_t now_ms,
                                      int64_t *discount);

/* Give it back. */
enum user_coupon_step user_coupon_cancel(const struct user_coupon *held,
                                         const struct coupon_order *order,
                                         const struct user_coupon_wish *wish, int64_t now_ms);

enum user_coupon_step user_coupon_revoke(const struct user_coupon *held, int64_t now_ms);

/* A stable upper-case name of a refusal, which is the code of its HTTP problem and the cause of its
 * dead letter; and what it means, a sentence. */
const char *user_coupon_step_name(enum user_coupon_step step);
const char *user_coupon_step_text(enum user_coupon_step step);

#endif
