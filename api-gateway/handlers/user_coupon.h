#ifndef USER_COUPON_HANDLERS_H
#define USER_COUPON_HANDLERS_H

#include "common/http/http_exchange.h"

/* GET /api/v1/users/{userId}/coupons?status=&limit=&cursor= */
void user_coupon_handle_list(struct http_exchange *exchange);

/* GET /api/v1/coupons/{couponId}/issued/{issueNo} */
void user_coupon_handle_read(struct http_exchange *exchange);

/* POST /api/v1/coupons/{couponId}/issued/{issueNo}/use and …/cancel-use */
void user_coupon_handle_use(struct http_exchange *exchange);
void user_coupon_handle_cancel(struct http_exchange *exchange);

#endif
