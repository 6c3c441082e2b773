#ifndef COUPON_STORE_H
#define COUPON_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/coupon.h"
#include "common/mysql/sql_session.h"

/* Reading coupons for an admin. Pool threads only. */

/* Read a coupon; its coupon_id is 0 when there is none. */
enum sql_class coupon_store_read(struct sql_session *session, uint64_t coupon_id,
                                 struct coupon *coupon, struct sql_fault *fault);

/* The same, and keep its row locked until the transaction ends. */
enum sql_class coupon_store_lock(struct sql_session *session, uint64_t coupon_id,
                                 struct coupon *coupon, struct sql_fault *fault);

struct coupon_filter {
    bool any_status;
    enum coupon_status status;
    uint64_t after_id; /* only greater ids */
    unsigned int limit;
};

/* Hand over the coupons that fit, in the order of their ids. */
enum sql_class coupon_store_list(struct sql_session *session, const struct coupon_filter *filter,
                                 void (*each)(void *cookie, const struct coupon *coupon),
                                 void *cookie, struct sql_fault *fault);

#endif
