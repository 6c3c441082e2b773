#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/http/http_exchange.h"

struct event_base;

typedef void (*http_handler)(struct http_exchange *exchange);

/* A route: method, a pattern such as "/api/v1/coupons/{id}/issue", what answers it, and the limits
 * of its body. A path that matches with another method gets 405 and Allow; GET serves HEAD too. */
struct http_route {
    enum http_method method;
    const char *pattern;
    http_handler handler;
    size_t max_body; /* bytes; 0: a body is refused with 413 */
};

struct http_server_config {
    const char *host; /* numeric address; the strings are copied */
    uint16_t port;
    bool reuse_port;        /* SO_REUSEPORT: one listener a thread on one port */
    size_t max_connections; /* accepting pauses here, and idle and slow clients get a second each */
    size_t max_head_bytes;  /* request line and header lines together */
    int idle_timeout_ms;    /* keep-alive connection without a request */
    int head_timeout_ms;    /* from a request's first byte to the end of its head */
    int body_timeout_ms;    /* from the end of the head to the end of the body */
    int write_timeout_ms;   /* a client that does not read its answer */
    int max_requests;       /* on one connection; then close; 0: no limit */
};

struct http_server;

/* Listen on the loop. routes must live as long as the server; context is what handlers get. Returns
 * NULL with errno set when the address can't be listened on (the caller names it). Loop thread, or
 * before the loop runs. */
struct http_server *http_server_new(struct event_base *base,
                                    const struct http_server_config *config,
                                    const struct http_route *routes, size_t route_count,
                                    void *context);

/* Called once for every answer that was sent, with its route, one of the routes given (NULL where
 * none matched, and then all of request but its method may be missing). */
void http_server_on_answer(struct http_server *server,
                           void (*answered)(void *context, const struct http_route *route,
                                            const struct http_request *request, int status,
                                            int64_t duration_us));

/* Called for each problem document: append further members, as ready JSON with commas between them,
 * or nothing. Of a request that was refused before it had a handler all but its method may be
 * missing. */
void http_server_on_problem(struct http_server *server,
                            void (*add_members)(const struct http_request *request,
                                                const char *code, struct strbuf *out));

/* Called for every request that has a route, before its handler; false: it was answered. */
void http_server_on_request(struct http_server *server,
                            bool (*admit)(void *context, struct http_exchange *exchange));

/* The port in use (where 0 was asked for). */
uint16_t http_server_port(const struct http_server *server);

/* Connections open now; a request being answered counts in http_server_pending. */
size_t http_server_connections(const struct http_server *server);
size_t http_server_pending(const struct http_server *server);

/* Stop: close the listening socket, let pending exchanges be answered with Connection: close, close
 * idle connections at once; drained(context) is called (once, from the loop) when none is left. */
void http_server_drain(struct http_server *server, void (*drained)(void *context));

/* Close everything at once and free. Exchanges still pending get their gone callback. */
void http_server_free(struct http_server *server);

#endif
