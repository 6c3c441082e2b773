#ifndef CALLER_H
#define CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/http_exchange.h"

/* Who may do what on the public listener. A handler of something that belongs to a user asks
 * caller_identify first, before it looks at the request, then caller_act_for as soon as it knows
 * whose it is: from the request, or later from what was read. Loop thread only. */
struct caller {
    uint64_t user_id; /* 0: not known, anybody may do anything (--auth=off) */
};

/* Who asks? False: 401 was answered, or 429 where it asks too often, and the exchange is dead. */
bool caller_identify(struct http_exchange *exchange, struct caller *caller);

/* May the caller act for user_id, and see what belongs to it? Where --auth=off leaves the caller
 * open, it becomes the one that is named here. False: 403 was answered, or 429 where it asks too
 * often, and the exchange is dead. */
bool caller_act_for(struct caller *caller, struct http_exchange *exchange, uint64_t user_id);

/* The same question without an answer to the client. */
bool caller_is(const struct caller *caller, uint64_t user_id);

/* 403 FORBIDDEN; ends the exchange. */
void caller_refuse(struct http_exchange *exchange);

#endif
