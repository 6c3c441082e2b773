#ifndef RATE_LIMIT_H
#define RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "api-gateway/limit/rate_options.h"
#include "common/http/http_exchange.h"

/* How often users and addresses may call, on one loop. Each answer says what is left in RateLimit
 * and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-09); beyond it 429 with Retry-After.
 * Loop thread only. */
struct rate_limit;

/* False, with error: an option can't be read. */
bool rate_limit_check(const struct rate_options *options, char *error, size_t error_size);

/* NULL: no limit is set, and nothing has to be asked. The options were checked. */
struct rate_limit *rate_limit_new(const struct rate_options *options);
void rate_limit_free(struct rate_limit *limit); /* NULL is allowed */

/* May this request's address call again? False: 429 was answered, and the exchange is dead. */
bool rate_limit_address(struct rate_limit *limit, struct http_exchange *exchange);

/* May this user? limit may be NULL: yes. */
bool rate_limit_user(struct rate_limit *limit, struct http_exchange *exchange, uint64_t user_id);

#endif
