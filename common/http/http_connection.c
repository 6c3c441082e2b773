#include "common/http/http_connection.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/http/http_connection_parts.h"
#include "common/base/cache_line.h"
#include "common/base/check.h"
#include "common/base/clock.h"

struct http_service *http_connection_service(const struct http_connection *connection)
{
    return connection->service;
}

const struct http_request *http_connection_request(const struct http_connection *connection)
{
    return &connection->reader.request;
}

void http_connection_peer(const struct http_connection *connection, unsigned char address[16])
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;

    memset(address, 0, 16);
    if (getpeername(connection->stream.fd, (struct sockaddr *)&peer, &len) != 0)
        return;
    if (peer.ss_family == AF_INET6) {
        memcpy(address, &((struct sockaddr_in6 *)&peer)->sin6_addr, 16);
    } else if (peer.ss_family == AF_INET) {
        address[10] = address[11] = 0xff;
        memcpy(address + 12, &((struct sockaddr_in *)&peer)->sin_addr, 4);
    }
}

/* Not the events, nor the fields of the request. */
void http_connection_prefetch(const struct http_connection *connection)
{
    cache_prefetch(connection, &connection->stream.readable);
    cache_prefetch(&connection->state, &connection->reader.request.fields);
}

static void connection_free(struct http_connection *connection)
{
    http_reader_free(&connection->reader);
    free(connection);
}

bool http_connection_enter(struct http_connection *connection)
{
    bool outer = connection->working;

    connection->working = true;
    return outer;
}

void http_connection_leave(struct http_connection *connection, bool outer)
{
    connection->working = outer;
    if (connection->state == CONNECTION_DEAD && !outer)
        connection_free(connection);
}

static void connection_closed(struct http_connection *connection)
{
    struct http_service *service = connection->service;
    bool pending = connection->state == CONNECTION_PENDING;

    CHECK(connection->state != CONNECTION_DEAD, "ended=%d", connection->ended);
    connection->state = CONNECTION_DEAD;
    http_service_remove(service, &connection->link);
    if (pending) {
        service->pending_count--;
        http_exchange_abandon(&connection->exchange);
    }
    if (!connection->working)
        connection_free(connection);
    service->released(service);
}

void http_connection_close(struct http_connection *connection)
{
    http_stream_close(&connection->stream);
    connection_closed(connection);
}

void http_connection_abort(struct http_connection *connection)
{
    http_stream_abort(&connection->stream);
    connection_closed(connection);
}

void http_connection_expire_in(struct http_connection *connection, int64_t now_us, int ms)
{
    connection->waits_since_us = now_us;
    connection->deadline_us = now_us + (int64_t)ms * 1000;
}

void http_connection_start(struct http_service *service, int fd)
{
    struct http_connection *connection = calloc(1, sizeof *connection);

    CHECK(connection != NULL, "out of memory for connection %zu", service->connection_count);
    connection->service = service;
    http_reader_init(&connection->reader, service->config.max_head_bytes);
    http_connection_expire_in(connection, clock_monotonic_us(), service->config.idle_timeout_ms);
    http_service_add(service, &connection->link);
    http_stream_open(&connection->stream, service->base, fd, service->room,
                     &http_connection_callbacks, connection);
}
