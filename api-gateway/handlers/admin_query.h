#ifndef ADMIN_QUERY_H
#define ADMIN_QUERY_H

#include "api-gateway/coupon_store.h"
#include "common/http/http_request.h"

#define ADMIN_QUERY_LIMIT 50
#define ADMIN_QUERY_LIMIT_MAX 200

/* Read ?status=&limit=&cursor= of GET /admin/v1/coupons. Others are ignored. Returns NULL, or what
 * is wrong, as a text for the client. */
const char *admin_query_read(const struct http_request *request, struct coupon_filter *filter);

#endif
