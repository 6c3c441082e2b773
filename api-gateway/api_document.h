#ifndef API_DOCUMENT_H
#define API_DOCUMENT_H

#include "common/http/http_exchange.h"

/* GET /openapi.yaml of the public and of the management listener: the description (OpenAPI 3.1)
 * that was built in from api/public.yaml and api/admin.yaml. Clients may keep it for five minutes,
 * and are answered 304 when If-None-Match names the one they have. Needs no token. Any thread's
 * loop. */
void api_document_handle_public(struct http_exchange *exchange);
void api_document_handle_admin(struct http_exchange *exchange);

#endif
