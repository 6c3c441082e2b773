#ifndef HTTP_EXCHANGE_SLOT_H
#define HTTP_EXCHANGE_SLOT_H

#include <stdint.h>

#include "common/http/http_exchange.h"
#include "common/http/http_server.h"

struct http_connection;

/* An exchange, laid open so that a connection can embed its one exchange and no request needs
 * memory of its own. The fields belong to http_exchange.c. */
struct http_exchange {
    struct http_connection *connection;
    const struct http_route *route;
    int64_t started_us;
    void (*gone)(void *cookie);
    void *gone_cookie;
    char *fields; /* of http_exchange_add_fields, or NULL */
};

/* A request for route is complete. */
void http_exchange_start(struct http_exchange *exchange, struct http_connection *connection,
                         const struct http_route *route, int64_t now_us);

/* The client left before the answer: tell whoever asked. */
void http_exchange_abandon(struct http_exchange *exchange);

#endif
