#include "api-gateway/handlers/problems.h"

#include <stddef.h>

void problem_invalid_json(struct http_exchange *exchange, const char *detail)
{
    http_exchange_problem(exchange, 400, "INVALID_JSON", detail, NULL, NULL);
}

void problem_invalid_request(struct http_exchange *exchange, const char *detail)
{
    http_exchange_problem(exchange, 400, "INVALID_REQUEST", detail, NULL, NULL);
}

void problem_unknown_coupon(struct http_exchange *exchange)
{
    http_exchange_problem(exchange, 404, "UNKNOWN_COUPON", "There is no coupon with this id.", NULL,
                          NULL);
}

void problem_unknown_request(struct http_exchange *exchange)
{
    http_exchange_problem(exchange, 404, "UNKNOWN_REQUEST", "No request with this id was accepted.",
                          NULL, NULL);
}

void problem_precondition_required(struct http_exchange *exchange, const char *detail)
{
    http_exchange_problem(exchange, 428, "PRECONDITION_REQUIRED", detail, NULL, NULL);
}

void problem_unavailable(struct http_exchange *exchange, const char *detail)
{
    http_exchange_problem(exchange, 503, "UNAVAILABLE", detail, "Retry-After: 1\r\n", NULL);
}
