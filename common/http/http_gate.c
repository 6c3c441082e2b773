#include "common/http/http_gate.h"

static const struct http_refusal unknown_expectation = {417, "EXPECTATION_FAILED",
                                                        "Only 100-continue can be expected."};
static const struct http_refusal not_found = {404, "NOT_FOUND", "There is nothing at this path."};
static const struct http_refusal wrong_method = {405, "METHOD_NOT_ALLOWED",
                                                 "This path does not have that method."};
static const struct http_refusal wrong_media_type = {415, "UNSUPPORTED_MEDIA_TYPE",
                                                     "The body must be application/json."};

static bool carries_document(enum http_method method)
{
    return method == HTTP_METHOD_POST || method == HTTP_METHOD_PUT || method == HTTP_METHOD_PATCH;
}

const struct http_refusal *http_gate_check(const struct http_router *router,
                                           struct http_request *request,
                                           const struct http_framing *framing,
                                           const struct http_route **route,
                                           char allow[HTTP_ALLOW_SIZE])
{
    unsigned allowed;

    allow[0] = '\0';
    if (framing->expect_other)
        return &unknown_expectation;
    *route = http_router_find(router, request, &allowed);
    if (*route == NULL && allowed != 0) {
        http_router_allow(allowed, allow);
        return &wrong_method;
    }
    if (*route == NULL)
        return &not_found;
    if (carries_document(request->method) && http_framing_has_body(framing) && !framing->json)
        return &wrong_media_type;
    return NULL;
}
