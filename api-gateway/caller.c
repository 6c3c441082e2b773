#include "api-gateway/caller.h"

#include <stddef.h>

bool caller_identify(struct http_exchange *exchange, struct caller *caller)
{
    (void)exchange;
    *caller = (struct caller){0};
    return true;
}

bool caller_is(const struct caller *caller, uint64_t user_id)
{
    return !caller->user_id || caller->user_id == user_id;
}

void caller_refuse(struct http_exchange *exchange)
{
    http_exchange_problem(exchange, 403, "FORBIDDEN", "This belongs to another user.", NULL, NULL);
}

bool caller_act_for(struct caller *caller, struct http_exchange *exchange, uint64_t user_id)
{
    if (!caller_is(caller, user_id)) {
        caller_refuse(exchange);
        return false;
    }
    if (!caller->user_id)
        caller->user_id = user_id;
    return true;
}
