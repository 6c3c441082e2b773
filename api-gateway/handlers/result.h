#ifndef RESULT_HANDLER_H
#define RESULT_HANDLER_H

#include "common/http/http_exchange.h"

/* GET …/coupons/result/{requestId}?wait=SECONDS&at=PLACE: the result, at once or once it is there.
 */
void result_handle(struct http_exchange *exchange);

#endif
