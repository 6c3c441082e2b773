#ifndef USE_BODY_H
#define USE_BODY_H

#include <stddef.h>

#include "common/coupon/user_coupon_step.h"
#include "common/http/http_request.h"

/* Who wants to use which coupon for which order, or not any more, read from a request. Pure. */
enum use_body_fault { USE_BODY_OK, USE_BODY_NOT_JSON, USE_BODY_INVALID };

enum use_body_kind { USE_BODY_USE, USE_BODY_CANCEL };

/* The path has couponId and issueNo, the body orderId and, to use it, orderAmount; userId may stand
 * in the body or the query, and is 0 when it does not. On a fault text says what is wrong. */
enum use_body_fault use_body_read(const struct http_request *request, enum use_body_kind kind,
                                  struct user_coupon_wish *wish, char *text, size_t text_size);

/* The part of it that reading one coupon has too: path and query. */
enum use_body_fault use_body_read_path(const struct http_request *request,
                                       struct user_coupon_wish *wish, char *text, size_t text_size);

#endif
