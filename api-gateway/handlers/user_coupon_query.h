#ifndef USER_COUPON_QUERY_H
#define USER_COUPON_QUERY_H

#include "api-gateway/user_coupon_page.h"
#include "common/http/http_request.h"

#define USER_COUPON_QUERY_LIMIT 20
#define USER_COUPON_QUERY_LIMIT_MAX 100

/* Read {userId} and ?status=&limit=&cursor= of GET /api/v1/users/{userId}/coupons. Others are
 * ignored. Returns NULL, or what is wrong, as a text for the client. Pure. */
const char *user_coupon_query_read(const struct http_request *request,
                                   struct user_coupon_filter *filter);

#endif
