#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "common/http/http_framing.h"
#include "common/http/http_refusal.h"
#include "common/http/http_router.h"

/* Decide, from the head alone, whether a request may go on to its handler: expectation, path,
 * method, media type. Returns NULL and *route, or why it is refused and, for a wrong method, the
 * Allow field in allow (else an empty text). */
const struct http_refusal *http_gate_check(const struct http_router *router,
                                           struct http_request *request,
                                           const struct http_framing *framing,
                                           const struct http_route **route,
                                           char allow[HTTP_ALLOW_SIZE]);

#endif
