#include "common/http/http_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "common/http/http_connection.h"
#include "common/http/http_exchange_slot.h"
#include "common/http/http_problem.h"
#include "common/base/check.h"

void http_exchange_start(struct http_exchange *exchange, struct http_connection *connection,
                         const struct http_route *route, int64_t now_us)
{
    *exchange = (struct http_exchange){
        .connection = connection,
        .route = route,
        .started_us = now_us,
    };
}

void http_exchange_abandon(struct http_exchange *exchange)
{
    void (*gone)(void *cookie) = exchange->gone;

    exchange->gone = NULL;
    free(exchange->fields);
    exchange->fields = NULL;
    if (gone != NULL)
        gone(exchange->gone_cookie);
}

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return http_connection_request(exchange->connection);
}

void *http_exchange_context(const struct http_exchange *exchange)
{
    return http_connection_service(exchange->connection)->context;
}

int64_t http_exchange_started_us(const struct http_exchange *exchange)
{
    return exchange->started_us;
}

void http_exchange_on_gone(struct http_exchange *exchange, void (*gone)(void *cookie), void *cookie)
{
    exchange->gone = gone;
    exchange->gone_cookie = cookie;
}

void http_exchange_peer(const struct http_exchange *exchange, unsigned char address[16])
{
    http_connection_peer(exchange->connection, address);
}

void http_exchange_prefetch(const struct http_exchange *exchange)
{
    http_connection_prefetch(exchange->connection);
}

void http_exchange_add_fields(struct http_exchange *exchange, const char *fields)
{
    size_t before = exchange->fields != NULL ? strlen(exchange->fields) : 0;
    size_t len = strlen(fields);

    exchange->fields = realloc(exchange->fields, before + len + 1);
    CHECK(exchange->fields != NULL, "out of memory for %zu bytes", before + len);
    memcpy(exchange->fields + before, fields, len + 1);
}

void http_exchange_reply(struct http_exchange *exchange, int status, const char *content_type,
                         const char *fields, const char *body, size_t body_len)
{
    struct http_answer answer = {
        .status = status,
        .content_type = content_type,
        .fields = fields,
        .more_fields = exchange->fields,
        .body = body,
        .body_len = body_len,
    };
    char *added = exchange->fields;

    exchange->fields = NULL; /* the exchange may be gone with its connection after the answer */
    http_connection_answer(exchange->connection, &answer);
    free(added);
}

void http_exchange_json(struct http_exchange *exchange, int status, const char *fields,
                        const char *body, size_t body_len)
{
    http_exchange_reply(exchange, status, "application/json", fields, body, body_len);
}

void http_exchange_problem(struct http_exchange *exchange, int status, const char *code,
                           const char *detail, const char *fields, const char *members)
{
    struct http_service *service = http_connection_service(exchange->connection);
    const struct http_refusal refusal = {status, code, detail};

    http_service_write_problem(service, http_exchange_request(exchange), &refusal, members);
    http_exchange_reply(exchange, status, HTTP_PROBLEM_TYPE, fields, service->problem.data,
                        service->problem.len);
}
