#ifndef PROBLEMS_H
#define PROBLEMS_H

#include "common/http/http_exchange.h"

/* The error answers that several handlers give. Each ends the exchange. */
void problem_invalid_json(struct http_exchange *exchange, const char *detail);
void problem_invalid_request(struct http_exchange *exchange, const char *detail);
void problem_unknown_coupon(struct http_exchange *exchange);
void problem_unknown_request(struct http_exchange *exchange);
void problem_precondition_required(struct http_exchange *exchange, const char *detail);

/* 503 for something that was not done and may be tried again. */
void problem_unavailable(struct http_exchange *exchange, const char *detail);

#endif
