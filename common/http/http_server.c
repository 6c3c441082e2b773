#include "common/http/http_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/http/http_connection.h"
#include "common/http/http_listener.h"
#include "common/http/http_service.h"
#include "common/base/check.h"
#include "common/base/clock.h"

/* How often the deadlines are looked at: a quarter of the shortest, within these bounds. */
#define SERVER_MIN_TICK_MS 10
#define SERVER_MAX_TICK_MS 250

struct http_server {
    struct http_service service; /* first: http_service points at its server */
    struct http_listener *listener;
    uint16_t port;
    char *host;
    struct event *tick;
    struct event *drain_done;
    void (*drained)(void *context);
};

static void server_accepted(void *cookie, int fd)
{
    struct http_server *server = cookie;
    struct http_service *service = &server->service;

    http_connection_start(service, fd);
    if (service->connection_count >= service->config.max_connections)
        http_listener_pause(server->listener);
}

static void server_released(struct http_service *service)
{
    struct http_server *server = (struct http_server *)service;

    if (server->listener != NULL && service->connection_count < service->config.max_connections)
        http_listener_resume(server->listener);
    if (service->draining && service->connection_count == 0)
        event_active(server->drain_done, EV_TIMEOUT, 0);
}

static void server_tick(evutil_socket_t fd, short what, void *cookie)
{
    struct http_server *server = cookie;

    (void)fd;
    (void)what;
    http_connection_check_all(&server->service, clock_monotonic_us());
}

static void server_drain_done(evutil_socket_t fd, short what, void *cookie)
{
    struct http_server *server = cookie;
    void (*drained)(void *context) = server->drained;

    (void)fd;
    (void)what;
    server->drained = NULL;
    if (drained != NULL)
        drained(server->service.context);
}

static int shortest_timeout(const struct http_server_config *config)
{
    const int timeouts[] = {config->idle_timeout_ms, config->head_timeout_ms,
                            config->body_timeout_ms, config->write_timeout_ms};
    int shortest = timeouts[0];

    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        CHECK(timeouts[i] > 0, "timeout %zu is %d", i, timeouts[i]);
        if (timeouts[i] < shortest)
            shortest = timeouts[i];
    }
    return shortest;
}

static void start_tick(struct http_server *server)
{
    int tick_ms = shortest_timeout(&server->service.config) / 4;
    struct timeval interval;

    if (tick_ms < SERVER_MIN_TICK_MS)
        tick_ms = SERVER_MIN_TICK_MS;
    if (tick_ms > SERVER_MAX_TICK_MS)
        tick_ms = SERVER_MAX_TICK_MS;
    interval = (struct timeval){tick_ms / 1000, (tick_ms % 1000) * 1000};
    server->tick = event_new(server->service.base, -1, EV_PERSIST, server_tick, server);
    server->drain_done = event_new(server->service.base, -1, 0, server_drain_done, server);
    CHECK(server->tick != NULL && server->drain_done != NULL, "out of memory for a tick of %d ms",
          tick_ms);
    event_add(server->tick, &interval);
}

struct http_server *http_server_new(struct event_base *base,
                                    const struct http_server_config *config,
                                    const struct http_route *routes, size_t route_count,
                                    void *context)
{
    struct http_server *server = calloc(1, sizeof *server);
    int cause;

    CHECK(server != NULL, "out of memory for a server of %zu routes", route_count);
    CHECK(config->max_connections > 0, "max_connections=%zu", config->max_connections);
    server->listener = http_listener_new(base, config->host, config->port, config->reuse_port,
                                         server_accepted, server);
    if (server->listener == NULL) {
        cause = errno;
        free(server);
        errno = cause;
        return NULL;
    }
    server->port = http_listener_port(server->listener);
    server->host = strdup(config->host);
    CHECK(server->host != NULL, "out of memory for address %s", config->host);
    server->service.base = base;
    server->service.config = *config;
    server->service.config.host = server->host;
    server->service.router = http_router_new(routes, route_count);
    server->service.context = context;
    server->service.released = server_released;
    start_tick(server);
    return server;
}

void http_server_on_answer(struct http_server *server,
                           void (*answered)(void *context, const struct http_route *route,
                                            const struct http_request *request, int status,
                                            int64_t duration_us))
{
    server->service.answered = answered;
}

void http_server_on_problem(struct http_server *server,
                            void (*add_members)(const struct http_request *request,
                                                const char *code, struct strbuf *out))
{
    server->service.add_problem_members = add_members;
}

void http_server_on_request(struct http_server *server,
                            bool (*admit)(void *context, struct http_exchange *exchange))
{
    server->service.admit = admit;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->service.connection_count;
}

size_t http_server_pending(const struct http_server *server)
{
    return server->service.pending_count;
}

void http_server_drain(struct http_server *server, void (*drained)(void *context))
{
    CHECK(!server->service.draining, "a server is drained once");
    server->drained = drained;
    http_listener_accept(server->listener);
    server->service.draining = true;
    http_listener_free(server->listener);
    server->listener = NULL;
    http_connection_drain_all(&server->service);
    if (server->service.connection_count == 0)
        event_active(server->drain_done, EV_TIMEOUT, 0);
}

void http_server_free(struct http_server *server)
{
    http_listener_free(server->listener);
    server->listener = NULL;
    server->drained = NULL;
    http_connection_close_all(&server->service);
    event_free(server->drain_done);
    event_free(server->tick);
    http_router_free(server->service.router);
    strbuf_free(&server->service.output);
    strbuf_free(&server->service.problem);
    strbuf_free(&server->service.problem_members);
    free(server->host);
    free(server);
}
