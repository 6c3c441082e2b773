#ifndef BEARER_H
#define BEARER_H

#include "common/http/http_request.h"

enum bearer { BEARER_GIVEN, BEARER_MISSING, BEARER_UNUSABLE };

/* The token of "Authorization: Bearer TOKEN" (RFC 6750 section 2.1), not looked at yet. MISSING
 * also where another scheme is named; UNUSABLE: the field is there twice. Tokens in the query or
 * the body are not taken: they end up in logs. No I/O. */
enum bearer bearer_read(const struct http_request *request, struct http_slice *token);

#endif
