#ifndef USER_COUPON_H
#define USER_COUPON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract/coupon.h"
#include "common/contract/order_id.h"

/* A coupon that a user holds, and what an order has to do with it. Plain data, no I/O. */
enum user_coupon_status {
    USER_COUPON_ISSUED = 1,
    USER_COUPON_USED,
    USER_COUPON_EXPIRED,
    USER_COUPON_REVOKED
};

/* A row of table user_coupon. */
struct user_coupon {
    uint64_t coupon_id; /* 0: there is no such row */
    uint32_t issue_no;
    uint64_t user_id;
    uint32_t user_seq;              /* the how manieth of this coupon that the user got */
    enum user_coupon_status status; /* see user_coupon_status_at */
    int64_t issued_at_ms;
    int64_t expires_at_ms; /* COUPON_NEVER_MS: never */
    int64_t used_at_ms;    /* COUPON_NEVER_MS: it is not USED */
    uint32_t change_no;    /* how many changes it has seen, its issue included */
};

/* A row of table coupon_order: an order of a user, and the coupon that it uses or used. */
enum coupon_order_state {
    COUPON_ORDER_NONE,      /* there is no such row */
    COUPON_ORDER_USED,      /* it uses the coupon, which is USED */
    COUPON_ORDER_CANCELLED, /* it gave the coupon back, and may use one again */
    COUPON_ORDER_CLOSED     /* the shop cancelled the order, so it will never use a coupon again */
};

struct coupon_order {
    enum coupon_order_state state;
    uint64_t coupon_id; /* 0: CLOSED before it used any */
    uint32_t issue_no;
    int64_t order_amount;
    int64_t discount_amount;
};

const char *user_coupon_status_name(enum user_coupon_status status);
bool user_coupon_status_parse(const char *name, size_t len, enum user_coupon_status *status);

/* The status at an instant: what is ISSUED in the row is EXPIRED from expires_at on, whether or not
 * expiry-batch has come by. */
enum user_coupon_status user_coupon_status_at(const struct user_coupon *held, int64_t now_ms);

#endif
