#include "api-gateway/caller.h"

#include <stdio.h>

#include "api-gateway/auth/bearer.h"
#include "api-gateway/auth/token_checker.h"
#include "api-gateway/io_thread.h"
#include "common/base/clock.h"

/* RFC 6750 section 3: without a token there is no error code. */
static bool ask_for_token(struct http_exchange *exchange)
{
    http_exchange_problem(exchange, 401, "UNAUTHORIZED",
                          "This call wants Authorization: Bearer TOKEN.",
                          "WWW-Authenticate: Bearer realm=\"coupon\"\r\n", NULL);
    return false;
}

static bool refuse_token(struct http_exchange *exchange, enum token_fault fault)
{
    char field[200];

    snprintf(field, sizeof field,
             "WWW-Authenticate: Bearer realm=\"coupon\", error=\"invalid_token\", "
             "error_description=\"%s\"\r\n",
             token_fault_text(fault));
    http_exchange_problem(exchange, 401, "UNAUTHORIZED", token_fault_text(fault), field, NULL);
    return false;
}

bool caller_identify(struct http_exchange *exchange, struct caller *caller)
{
    const struct io_thread *thread = http_exchange_context(exchange);
    enum token_fault fault = TOKEN_MALFORMED;
    struct http_slice token;

    *caller = (struct caller){0};
    if (!thread->tokens)
        return true;
    switch (bearer_read(http_exchange_request(exchange), &token)) {
    case BEARER_MISSING:
        return ask_for_token(exchange);
    case BEARER_UNUSABLE:
        return refuse_token(exchange, fault);
    case BEARER_GIVEN:
        break;
    }
    fault = token_checker_check(thread->tokens, token.data, token.len, clock_wall_ms(),
                                &caller->user_id);
    if (fault != TOKEN_OK)
        return refuse_token(exchange, fault);
    return rate_limit_user(thread->limits, exchange, caller->user_id);
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
    if (caller->user_id)
        return true;
    caller->user_id = user_id;
    return rate_limit_user(((struct io_thread *)http_exchange_context(exchange))->limits, exchange,
                           user_id);
}
