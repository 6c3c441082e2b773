#include "api-gateway/http/http_connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "api-gateway/http/http_exchange_slot.h"
#include "api-gateway/http/http_gate.h"
#include "api-gateway/http/http_problem.h"
#include "api-gateway/http/http_reader.h"
#include "common/base/check.h"
#include "common/base/clock.h"

/* A client that has shut down its sending side may still wait for its answer, or be gone: the two
 * look the same. For this long it counts as waiting. */
#define CONNECTION_HALF_CLOSED_MS 1000

/* How long to wait for the client to close after its last answer. */
#define CONNECTION_LINGER_MS 1000

static const struct http_refusal too_slow = {408, "REQUEST_TIMEOUT",
                                             "The request took too long to arrive."};

enum connection_state {
    CONNECTION_RECEIVING, /* waits for a request, or for the rest of one */
    CONNECTION_PENDING,   /* a handler owes an answer */
    CONNECTION_FLUSHING,  /* the client has not taken all of an answer yet */
    CONNECTION_LINGERING, /* the last answer is sent; input is dropped until the client closes,
                             because closing with unread input would destroy the answer on its way
                           */
    CONNECTION_DEAD,      /* closed; freed when the call that works on it returns */
};

struct http_connection {
    struct http_service_link link; /* first: http_service hands it out */
    struct http_service *service;
    struct bufferevent *bufev;
    int fd;
    enum connection_state state;
    enum http_reader_state timed_phase; /* of receiving, that the deadline is for */
    bool working;                       /* a function below this one still needs the memory */
    bool ended;                         /* the client sends no more */
    bool stalled;                       /* enough input waits; no more is read */
    bool last;                          /* close after the answer */
    int request_count;
    int64_t deadline_us; /* monotonic; 0: none */
    const struct http_route *route;
    struct http_exchange exchange;
    struct http_reader reader;
};

struct http_service *http_connection_service(const struct http_connection *connection)
{
    return connection->service;
}

const struct http_request *http_connection_request(const struct http_connection *connection)
{
    return &connection->reader.request;
}

static size_t input_len(const struct http_connection *connection)
{
    return evbuffer_get_length(bufferevent_get_input(connection->bufev));
}

static size_t output_len(const struct http_connection *connection)
{
    return evbuffer_get_length(bufferevent_get_output(connection->bufev));
}

static void connection_free(struct http_connection *connection)
{
    http_reader_free(&connection->reader);
    free(connection);
}

/* Calls that may close the connection stand between enter and leave, which frees it if they did. */
static bool connection_enter(struct http_connection *connection)
{
    bool outer = connection->working;

    connection->working = true;
    return outer;
}

static void connection_leave(struct http_connection *connection, bool outer)
{
    connection->working = outer;
    if (connection->state == CONNECTION_DEAD && !outer)
        connection_free(connection);
}

/* Close the socket at once. The memory goes too, unless a caller still needs it. */
static void connection_close(struct http_connection *connection)
{
    struct http_service *service = connection->service;
    bool pending = connection->state == CONNECTION_PENDING;

    CHECK(connection->state != CONNECTION_DEAD, "fd=%d", connection->fd);
    connection->state = CONNECTION_DEAD;
    bufferevent_free(connection->bufev);
    close(connection->fd);
    http_service_remove(service, &connection->link);
    if (pending) {
        service->pending_count--;
        http_exchange_abandon(&connection->exchange);
    }
    if (!connection->working)
        connection_free(connection);
    service->released(service);
}

static void connection_expire_in(struct http_connection *connection, int64_t now_us, int ms)
{
    connection->deadline_us = now_us + (int64_t)ms * 1000;
}

static void connection_drop_input(struct http_connection *connection)
{
    evbuffer_drain(bufferevent_get_input(connection->bufev), input_len(connection));
}

/* Input that waits behind a request is bounded. Not by a bufferevent's high watermark: at the mark
 * libevent 2.1.12 calls a read callback that takes nothing again and again. */
static void connection_stall(struct http_connection *connection)
{
    if (input_len(connection) < connection->service->config.max_head_bytes)
        return;
    connection->stalled = true;
    bufferevent_disable(connection->bufev, EV_READ);
}

static void connection_resume(struct http_connection *connection)
{
    if (!connection->stalled)
        return;
    connection->stalled = false;
    bufferevent_enable(connection->bufev, EV_READ);
}

/* The last answer is out. */
static void connection_linger(struct http_connection *connection, int64_t now_us)
{
    if (connection->ended) {
        connection_close(connection);
        return;
    }
    shutdown(connection->fd, SHUT_WR);
    connection->state = CONNECTION_LINGERING;
    connection_expire_in(connection, now_us, CONNECTION_LINGER_MS);
    connection_drop_input(connection);
    connection_resume(connection);
}

static void connection_answered(struct http_connection *connection, int64_t now_us)
{
    if (connection->last || connection->service->draining) {
        connection_linger(connection, now_us);
        return;
    }
    http_reader_next(&connection->reader);
    connection->state = CONNECTION_RECEIVING;
    connection->timed_phase = HTTP_READER_IDLE;
    connection_expire_in(connection, now_us, connection->service->config.idle_timeout_ms);
}

/* Write straight to the socket what it takes, and leave the rest to the bufferevent: most answers
 * fit, and then no write event has to be added and removed. False: the client is gone. */
static bool connection_send(struct http_connection *connection, const char *bytes, size_t len)
{
    ssize_t sent = 0;

    if (output_len(connection) == 0) {
        sent = send(connection->fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent < 0)
            sent = 0;
    }
    if ((size_t)sent < len)
        bufferevent_write(connection->bufev, bytes + sent, len - (size_t)sent);
    return true;
}

static void connection_write_answer(struct http_connection *connection, struct http_answer *answer,
                                    const char *pattern, int64_t started_us, int64_t now_us)
{
    struct http_service *service = connection->service;
    enum http_method method = connection->reader.request.method;
    struct strbuf *output = &service->output;
    bool sent;

    answer->to_head = method == HTTP_METHOD_HEAD;
    answer->close = connection->last;
    strbuf_clear(output);
    http_answer_write(output, answer, http_date_text(&service->date, now_us));
    sent = connection_send(connection, output->data, output->len);
    if (service->answered != NULL)
        service->answered(service->context, pattern, method, answer->status, now_us - started_us);
    if (!sent) {
        connection_close(connection);
    } else if (output_len(connection) > 0) {
        connection->state = CONNECTION_FLUSHING;
        connection_expire_in(connection, now_us, service->config.write_timeout_ms);
    } else {
        connection_answered(connection, now_us);
    }
}

/* Is this the last request that the connection may serve? */
static bool connection_is_last(const struct http_connection *connection)
{
    const struct http_service *service = connection->service;
    int max_requests = service->config.max_requests;

    return !connection->reader.head.keep_alive || service->draining ||
           (max_requests > 0 && connection->request_count >= max_requests);
}

/* The next request may be waiting in the input already; it is begun from the loop, not from inside
 * the call of whoever answers. */
void http_connection_answer(struct http_connection *connection, struct http_answer *answer)
{
    const char *pattern = connection->exchange.route->pattern;
    bool outer = connection_enter(connection);

    CHECK(connection->state == CONNECTION_PENDING, "state=%d", connection->state);
    connection->service->pending_count--;
    connection->state = CONNECTION_RECEIVING;
    connection->last = connection_is_last(connection);
    connection_write_answer(connection, answer, pattern, connection->exchange.started_us,
                            clock_monotonic_us());
    if (!outer && connection->state == CONNECTION_RECEIVING &&
        (connection->ended || input_len(connection) > 0))
        bufferevent_trigger(connection->bufev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
    connection_leave(connection, outer);
}

static void connection_refuse(struct http_connection *connection,
                              const struct http_refusal *refusal, const char *fields)
{
    struct strbuf *problem = &connection->service->problem;
    int64_t now_us = clock_monotonic_us();
    struct http_answer answer = {
        .status = refusal->status,
        .content_type = HTTP_PROBLEM_TYPE,
        .fields = fields,
    };

    strbuf_clear(problem);
    http_problem_write(problem, refusal->status, refusal->code, refusal->detail, NULL);
    answer.body = problem->data;
    answer.body_len = problem->len;
    connection_write_answer(connection, &answer, "", now_us, now_us);
}

static void connection_dispatch(struct http_connection *connection)
{
    const struct http_route *route = connection->route;
    int64_t now_us = clock_monotonic_us();

    connection->state = CONNECTION_PENDING;
    connection->deadline_us = 0;
    if (connection->ended)
        connection_expire_in(connection, now_us, CONNECTION_HALF_CLOSED_MS);
    connection->service->pending_count++;
    http_exchange_start(&connection->exchange, connection, route, now_us);
    route->handler(&connection->exchange);
}

static void connection_continue(struct http_connection *connection)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (connection->reader.framing.expect_continue && input_len(connection) == 0 &&
        !connection_send(connection, go_on, sizeof go_on - 1))
        connection_close(connection);
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
    connection->last = connection_is_last(connection) || http_framing_has_body(&reader->framing);
    connection_refuse(connection, refusal, allow[0] != '\0' ? allow : NULL);
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
        connection_refuse(connection, reader->refusal, NULL);
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
    connection_expire_in(connection, clock_monotonic_us(),
                         phase == HTTP_READER_IN_HEAD ? config->head_timeout_ms
                                                      : config->body_timeout_ms);
}

/* Go on with the input as far as it reaches. */
static void connection_work(struct http_connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->bufev);
    bool outer = connection_enter(connection);

    while (connection->state == CONNECTION_RECEIVING && input_len(connection) > 0) {
        struct evbuffer_iovec span;

        evbuffer_peek(input, -1, NULL, &span, 1);
        evbuffer_drain(input, http_reader_feed(&connection->reader, span.iov_base, span.iov_len));
        connection_step(connection);
    }
    if (connection->state == CONNECTION_RECEIVING && connection->ended) {
        connection_close(connection);
    } else if (connection->state == CONNECTION_RECEIVING) {
        connection_resume(connection);
        connection_set_deadline(connection);
    }
    connection_leave(connection, outer);
}

static void connection_readable(struct bufferevent *bufev, void *cookie)
{
    struct http_connection *connection = cookie;

    (void)bufev;
    if (connection->state == CONNECTION_RECEIVING)
        connection_work(connection);
    else if (connection->state == CONNECTION_LINGERING)
        connection_drop_input(connection);
    else
        connection_stall(connection);
}

static void connection_flushed(struct bufferevent *bufev, void *cookie)
{
    struct http_connection *connection = cookie;
    bool outer = connection_enter(connection);

    (void)bufev;
    if (connection->state == CONNECTION_FLUSHING) {
        connection_answered(connection, clock_monotonic_us());
        if (connection->state == CONNECTION_RECEIVING)
            connection_work(connection);
    }
    connection_leave(connection, outer);
}

/* The client sends no more; what it has sent is still answered. */
static void connection_ended(struct http_connection *connection)
{
    connection->ended = true;
    if (connection->state == CONNECTION_RECEIVING)
        connection_work(connection);
    else if (connection->state == CONNECTION_PENDING)
        connection_expire_in(connection, clock_monotonic_us(), CONNECTION_HALF_CLOSED_MS);
    else if (connection->state == CONNECTION_LINGERING)
        connection_close(connection);
}

static void connection_event(struct bufferevent *bufev, short what, void *cookie)
{
    struct http_connection *connection = cookie;

    (void)bufev;
    if (what & BEV_EVENT_ERROR)
        connection_close(connection);
    else if (what & BEV_EVENT_EOF)
        connection_ended(connection);
}

/* With its input stalled or ended a connection is not polled by the loop, so ask. */
static void connection_check_client(struct http_connection *connection, int64_t now_us)
{
    struct pollfd poll_fd = {.fd = connection->fd, .events = POLLRDHUP};

    if (!connection->ended && !connection->stalled)
        return;
    if (poll(&poll_fd, 1, 0) <= 0)
        return;
    if (poll_fd.revents & (POLLERR | POLLHUP))
        connection_close(connection);
    else if (connection->deadline_us == 0)
        connection_expire_in(connection, now_us, CONNECTION_HALF_CLOSED_MS);
}

/* Make the close a reset, which drops the unread answer from the kernel's memory too. */
static void connection_reset_on_close(struct http_connection *connection)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void connection_expired(struct http_connection *connection)
{
    if (connection->state == CONNECTION_RECEIVING && connection->reader.state != HTTP_READER_IDLE) {
        connection->last = true;
        connection_refuse(connection, &too_slow, NULL);
        return;
    }
    if (connection->state == CONNECTION_FLUSHING)
        connection_reset_on_close(connection);
    connection_close(connection);
}

static void connection_check(struct http_service_link *link, int64_t now_us)
{
    struct http_connection *connection = (struct http_connection *)link;
    bool outer = connection_enter(connection);

    if (connection->deadline_us != 0 && now_us >= connection->deadline_us)
        connection_expired(connection);
    else if (connection->state == CONNECTION_PENDING)
        connection_check_client(connection, now_us);
    connection_leave(connection, outer);
}

void http_connection_check_all(struct http_service *service, int64_t now_us)
{
    http_service_each(service, connection_check, now_us);
}

/* A request may have arrived that was not read yet. */
static void connection_drain(struct http_service_link *link, int64_t now_us)
{
    struct http_connection *connection = (struct http_connection *)link;
    char byte;

    (void)now_us;
    if (connection->state == CONNECTION_RECEIVING && connection->reader.state == HTTP_READER_IDLE &&
        input_len(connection) == 0 && recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
        connection_close(connection);
}

void http_connection_drain_all(struct http_service *service)
{
    http_service_each(service, connection_drain, 0);
}

static void connection_shut(struct http_service_link *link, int64_t now_us)
{
    (void)now_us;
    connection_close((struct http_connection *)link);
}

void http_connection_close_all(struct http_service *service)
{
    http_service_each(service, connection_shut, 0);
}

void http_connection_start(struct http_service *service, int fd)
{
    struct http_connection *connection = calloc(1, sizeof *connection);

    CHECK(connection != NULL, "connections=%zu", service->connection_count);
    connection->service = service;
    connection->fd = fd;
    connection->bufev = bufferevent_socket_new(service->base, fd, 0);
    CHECK(connection->bufev != NULL, "connections=%zu", service->connection_count);
    http_reader_init(&connection->reader, service->config.max_head_bytes);
    connection_expire_in(connection, clock_monotonic_us(), service->config.idle_timeout_ms);
    http_service_add(service, &connection->link);
    bufferevent_setcb(connection->bufev, connection_readable, connection_flushed, connection_event,
                      connection);
    bufferevent_enable(connection->bufev, EV_READ);
}
