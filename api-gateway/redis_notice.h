#ifndef REDIS_NOTICE_H
#define REDIS_NOTICE_H

#include <stdbool.h>

#include "common/redis/redis_address.h"

/* What an operator gets to see of all links of the process: one log line when the first of them is
 * lost and one when the last is back, and the series coupon_gateway_redis_*. Any thread. */

/* A link that was up, or was never up, can't be brought up; once until redis_notice_up. */
void redis_notice_down(const struct redis_address *address, const char *why);

/* A link is up; was_down: redis_notice_down was called for it. */
void redis_notice_up(const struct redis_address *address, bool was_down);

/* A link that redis_notice_down was called for is given up for good. */
void redis_notice_freed(void);

/* A connection was given up because an answer, or the connection itself, took too long. */
void redis_notice_timeout(void);

/* A command was not sent: the link is down, or too many are under way. */
void redis_notice_unsent(void);

#endif
