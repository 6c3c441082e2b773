#ifndef COUPON_HANDLER_H
#define COUPON_HANDLER_H

#include "common/http/http_exchange.h"

/* GET /api/v1/coupons: the open coupons, newest first. */
void coupon_handle_list(struct http_exchange *exchange);

/* GET /api/v1/coupons/{couponId}: one coupon with what is left. A draft is not shown. */
void coupon_handle_read(struct http_exchange *exchange);

#endif
