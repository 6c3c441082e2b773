#include "common/http/http_connection_parts.h"
#include "common/http/http_gate.h"
#include "common/base/clock.h"

/* A client that pipelines gets so many answers at a time; then others have their turn. */
#define CONNECTION_TURN_REQUESTS 16

static void connection_dispatch(struct http_connection *connection)
{
    const struct http_route *route = connection->route;
    int64_t now_us = clock_monotonic_us();

    connection->state = CONNECTION_PENDING;
    connection->deadline_us = 0;
    if (connection->ended)
        http_connection_expire_in(connection, now_us, CONNECTION_HALF_CLOSED_MS);
    connection->service->pending_count++;
    http_exchange_start(&connection->exchange, connection, route, now_us);
    if (connection->service->admit == NULL ||
        connection->service->admit(connection->service->context, &connection->exchange))
        route->handler(&connection->exchange);
}

static void connection_continue(struct http_connection *connection)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (connection->reader.framing.expect_continue &&
        http_stream_waiting(&connection->stream) == 0 &&
        !http_stream_send(&connection->stream, go_on, sizeof go_on - 1))
        http_connection_close(connection);
}

static void connection_check_head(struct http_connection *connection)
{
    struct http_reader *reader = &connection->reader;
    char allow[HTTP_ALLOW_SIZE];
    const struct http_refusal *refusal = http_gate_check(
        connection->service->router, &reader->request, &reader->framing, &connection->route, allow);

    connection->request_count++;
    if (refusal == NULL) {
        http_reader_accept_body(reader, connection->route->max_body);
        return;
    }
    connection->last =
        http_connection_is_last(connection) || http_framing_has_body(&reader->framing);
    http_connection_refuse(connection, refusal, allow[0] != '\0' ? allow : NULL);
}

/* Act on what the reader has made of the input. */
static void connection_step(struct http_connection *connection)
{
    struct http_reader *reader = &connection->reader;

    if (reader->state == HTTP_READER_HEAD_DONE) {
        connection_check_head(connection);
        if (reader->state == HTTP_READER_IN_BODY)
            connection_continue(connection);
    }
    if (connection->state != CONNECTION_RECEIVING)
        return;
    if (reader->state == HTTP_READER_DONE) {
        connection_dispatch(connection);
    } else if (reader->state == HTTP_READER_FAILED) {
        connection->last = true;
        http_connection_refuse(connection, reader->refusal, NULL);
    }
}

/* A deadline runs from the start of its phase, so bytes that trickle in do not move it. */
static void connection_set_deadline(struct http_connection *connection)
{
    const struct http_server_config *config = &connection->service->config;
    enum http_reader_state phase = connection->reader.state;

    if (phase == connection->timed_phase)
        return;
    connection->timed_phase = phase;
    http_connection_expire_in(connection, clock_monotonic_us(),
                              phase == HTTP_READER_IN_HEAD ? config->head_timeout_ms
                                                           : config->body_timeout_ms);
}

void http_connection_work(struct http_connection *connection)
{
    struct http_stream *stream = &connection->stream;
    bool outer = http_connection_enter(connection);
    int end_of_turn = connection->request_count + CONNECTION_TURN_REQUESTS;

    while (connection->state == CONNECTION_RECEIVING && http_stream_waiting(stream) > 0 &&
           connection->request_count < end_of_turn) {
        struct http_slice piece = http_stream_peek(stream);

        http_stream_take(stream, http_reader_feed(&connection->reader, piece.data, piece.len));
        connection_step(connection);
    }
    if (connection->state == CONNECTION_RECEIVING && http_stream_waiting(stream) > 0) {
        http_stream_stall(stream, connection->service->config.max_head_bytes);
        http_stream_wake(stream);
    } else if (connection->state == CONNECTION_RECEIVING && connection->ended) {
        http_connection_close(connection);
    } else if (connection->state == CONNECTION_RECEIVING) {
        http_stream_resume(stream);
        connection_set_deadline(connection);
    }
    http_connection_leave(connection, outer);
}

/* The client sends no more; what it has sent is still answered. */
static void connection_ended(struct http_connection *connection)
{
    connection->ended = true;
    if (connection->state == CONNECTION_RECEIVING)
        http_connection_work(connection);
    else if (connection->state == CONNECTION_PENDING)
        http_connection_expire_in(connection, clock_monotonic_us(), CONNECTION_HALF_CLOSED_MS);
    else if (connection->state == CONNECTION_LINGERING)
        http_connection_close(connection);
}

static void connection_take_input(struct http_connection *connection)
{
    if (connection->state == CONNECTION_RECEIVING)
        http_connection_work(connection);
    else if (connection->state == CONNECTION_LINGERING)
        http_stream_take(&connection->stream, http_stream_waiting(&connection->stream));
    else
        http_stream_stall(&connection->stream, connection->service->config.max_head_bytes);
}

static void connection_readable(void *cookie)
{
    struct http_connection *connection = cookie;
    bool outer = http_connection_enter(connection);

    switch (http_stream_read(&connection->stream)) {
    case HTTP_STREAM_GOT:
        connection_take_input(connection);
        break;
    case HTTP_STREAM_END:
        connection_ended(connection);
        break;
    case HTTP_STREAM_ERROR:
        http_connection_close(connection);
        break;
    }
    http_stream_keep(&connection->stream);
    http_connection_leave(connection, outer);
}

static void connection_flushed(void *cookie)
{
    struct http_connection *connection = cookie;
    bool outer = http_connection_enter(connection);

    if (connection->state == CONNECTION_FLUSHING) {
        http_connection_answered(connection, clock_monotonic_us());
        if (connection->state == CONNECTION_RECEIVING)
            http_connection_work(connection);
    }
    http_connection_leave(connection, outer);
}

static void connection_broken(void *cookie)
{
    http_connection_close(cookie);
}

const struct http_stream_callbacks http_connection_callbacks = {
    .readable = connection_readable,
    .flushed = connection_flushed,
    .broken = connection_broken,
};
