#ifndef HTTP_WORLD_H
#define HTTP_WORLD_H

/* A world for tests of the HTTP server: a server on a loopback port and raw clients, all on one
 * loop of the test's own thread, so that nothing happens but what the test lets happen. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/http/http_server.h"
#include "common/base/clock.h"
#include "common/base/strbuf.h"

#define WORLD_MAX_HELD 64
#define WORLD_PATIENCE_US (10 * 1000 * 1000)
#define WORLD_LARGE (4 * 1024 * 1024)

struct world {
    struct event_base *base;
    struct http_server *server;
    int handled; /* requests that reached a handler */
    int gone;
    int answered;
    int last_status;
    char last_pattern[64];
    struct http_exchange *held[WORLD_MAX_HELD];
    int held_count;
    int handled_by_first_hold; /* how many were handled when the first one was held */
    int drained;
};

struct client {
    int fd;
    struct strbuf got;
    bool closed;
    bool reset;
};

static inline void world_hello(struct http_exchange *exchange)
{
    struct world *world = http_exchange_context(exchange);

    world->handled++;
    http_exchange_json(exchange, 200, NULL, "{}", 2);
}

static inline void world_echo(struct http_exchange *exchange)
{
    struct world *world = http_exchange_context(exchange);
    struct http_slice body = http_exchange_request(exchange)->body;

    world->handled++;
    http_exchange_json(exchange, 200, NULL, body.data, body.len);
}

/* Answers with what the request is made of. */
static inline void world_show(struct http_exchange *exchange)
{
    struct world *world = http_exchange_context(exchange);
    const struct http_request *request = http_exchange_request(exchange);
    const struct http_slice *tag = http_request_field(request, "x-tag");
    struct strbuf text = STRBUF_INIT;

    world->handled++;
    strbuf_addf(&text, "path=%.*s query=%.*s", (int)request->path.len, request->path.data,
                (int)request->query.len, request->query.data);
    for (size_t i = 0; i < request->param_count; i++)
        strbuf_addf(&text, " %.*s", (int)request->params[i].len, request->params[i].data);
    strbuf_addf(&text, " tag=%.*s body=%.*s", tag != NULL ? (int)tag->len : 1,
                tag != NULL ? tag->data : "-", (int)request->body.len, request->body.data);
    http_exchange_reply(exchange, 200, "text/plain", "X-Shown: yes\r\n", text.data, text.len);
    strbuf_free(&text);
}

static inline void world_lost(void *cookie)
{
    struct world *world = cookie;

    world->gone++;
}

static inline void world_hold(struct http_exchange *exchange)
{
    struct world *world = http_exchange_context(exchange);

    world->handled++;
    assert_true(world->held_count < WORLD_MAX_HELD);
    if (world->held_count == 0)
        world->handled_by_first_hold = world->handled;
    world->held[world->held_count++] = exchange;
    http_exchange_on_gone(exchange, world_lost, world);
}

static inline void world_large(struct http_exchange *exchange)
{
    struct world *world = http_exchange_context(exchange);
    char *body = malloc(WORLD_LARGE);

    world->handled++;
    memset(body, 'x', WORLD_LARGE);
    http_exchange_reply(exchange, 200, "text/plain", NULL, body, WORLD_LARGE);
    free(body);
}

static inline void world_problem(struct http_exchange *exchange)
{
    struct world *world = http_exchange_context(exchange);

    world->handled++;
    http_exchange_problem(exchange, 503, "UNAVAILABLE", "not \"now\"", "Retry-After: 1\r\n",
                          "\"outcome\":\"unknown\"");
}

static const struct http_route world_routes[] = {
    {HTTP_METHOD_GET, "/hello", world_hello, 0},
    {HTTP_METHOD_POST, "/echo", world_echo, 64},
    {HTTP_METHOD_POST, "/big/echo", world_echo, 100000},
    {HTTP_METHOD_GET, "/show/{a}/x/{b}", world_show, 0},
    {HTTP_METHOD_PUT, "/show/{a}/x/{b}", world_show, 100000},
    {HTTP_METHOD_GET, "/hold/{name}", world_hold, 0},
    {HTTP_METHOD_GET, "/large", world_large, 0},
    {HTTP_METHOD_GET, "/problem", world_problem, 0},
};

static inline void world_answered(void *context, const struct http_route *route,
                                  const struct http_request *request, int status,
                                  int64_t duration_us)
{
    struct world *world = context;

    (void)request;
    assert_true(duration_us >= 0);
    world->answered++;
    world->last_status = status;
    snprintf(world->last_pattern, sizeof world->last_pattern, "%s", route ? route->pattern : "");
}

static inline struct http_server_config world_config(void)
{
    return (struct http_server_config){
        .host = "127.0.0.1",
        .max_connections = 10000,
        .max_head_bytes = 2048,
        .idle_timeout_ms = 20000,
        .head_timeout_ms = 20000,
        .body_timeout_ms = 20000,
        .write_timeout_ms = 20000,
    };
}

static inline void world_start(struct world *world, const struct http_server_config *config)
{
    signal(SIGPIPE, SIG_IGN);
    *world = (struct world){.base = event_base_new()};
    world->server = http_server_new(world->base, config, world_routes,
                                    sizeof world_routes / sizeof world_routes[0], world);
    assert_non_null(world->server);
    http_server_on_answer(world->server, world_answered);
}

static inline void world_end(struct world *world)
{
    if (world->server != NULL)
        http_server_free(world->server);
    event_base_free(world->base);
}

/* Let the server do what it can do now. */
static inline void world_turn(struct world *world)
{
    event_base_loop(world->base, EVLOOP_NONBLOCK);
}

/* Turn the loop until condition holds; fail after ten seconds. */
#define WORLD_UNTIL(world, condition)                                                              \
    do {                                                                                           \
        int64_t until_start_us = clock_monotonic_us();                                             \
        while (!(condition)) {                                                                     \
            if (clock_monotonic_us() - until_start_us > WORLD_PATIENCE_US)                         \
                fail_msg("waited in vain for: %s", #condition);                                    \
            world_turn(world);                                                                     \
        }                                                                                          \
    } while (0)

static inline struct client client_open(struct world *world)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(http_server_port(world->server)),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    int on = 1;

    assert_true(client.fd >= 0);
    assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return client;
}

static inline void client_close(struct client *client)
{
    close(client->fd);
    strbuf_free(&client->got);
}

static inline void client_reset(struct client *client)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    client_close(client);
}

static inline void client_send(struct client *client, const char *bytes, size_t len)
{
    ssize_t sent = send(client->fd, bytes, len, MSG_NOSIGNAL);

    assert_int_equal(sent, len);
}

static inline void client_send_text(struct client *client, const char *text)
{
    client_send(client, text, strlen(text));
}

static inline void client_send_slowly(struct world *world, struct client *client, const char *bytes,
                                      size_t len)
{
    for (size_t i = 0; i < len; i++) {
        client_send(client, bytes + i, 1);
        world_turn(world);
    }
}

/* Read what is there. */
static inline void client_poll(struct client *client)
{
    while (!client->closed) {
        char bytes[65536];
        ssize_t len = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);

        if (len < 0 && errno == EAGAIN)
            return;
        client->reset = len < 0;
        client->closed = len <= 0;
        if (len > 0)
            strbuf_add(&client->got, bytes, (size_t)len);
    }
}

/* The length of the answer that starts at at; 0 while it is not complete. */
static inline size_t client_answer_len(const char *at, const char *end)
{
    const char *body = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
    const char *length;
    size_t total;

    if (strncmp(at, "HTTP/1.1 ", 9) != 0)
        fail_msg("not an answer: %s", at);
    if (body == NULL)
        return 0;
    length = memmem(at, (size_t)(body - at), "\r\nContent-Length: ", 18);
    total = (size_t)(body + 4 - at);
    if (length != NULL)
        total += (size_t)atol(length + 18);
    return total <= (size_t)(end - at) ? total : 0;
}

/* Where answer number index (from 0) starts, or NULL; *len is 0 while it is not complete. */
static inline const char *client_answer(const struct client *client, int index, size_t *len)
{
    const char *at = client->got.data;
    const char *end = at + client->got.len;

    *len = 0;
    while (at != NULL && at < end) {
        *len = client_answer_len(at, end);
        if (index-- == 0)
            return at;
        if (*len == 0)
            return NULL;
        at += *len;
    }
    *len = 0;
    return NULL;
}

/* The status of a complete answer, or 0. */
static inline int client_status(struct client *client, int index)
{
    size_t len;
    const char *answer;

    client_poll(client);
    answer = client_answer(client, index, &len);
    return answer != NULL && len > 0 ? atoi(answer + 9) : 0;
}

static inline int client_answers(struct client *client)
{
    const char *at, *end;
    size_t len;
    int count = 0;

    client_poll(client);
    at = client->got.data;
    end = at + client->got.len;
    while (at < end && (len = client_answer_len(at, end)) > 0) {
        at += len;
        count++;
    }
    return count;
}

/* Wait for the answer and check its status; "" or what must be in it. */
static inline void client_expect(struct world *world, struct client *client, int index, int status,
                                 const char *part)
{
    size_t len;
    const char *answer;
    char *text;

    WORLD_UNTIL(world, client_status(client, index) != 0);
    answer = client_answer(client, index, &len);
    text = strndup(answer, len);
    if (atoi(text + 9) != status || strstr(text, part) == NULL)
        fail_msg("expected status %d and \"%s\", saw:\n%s", status, part, text);
    free(text);
}

static inline bool client_is_closed(struct client *client)
{
    client_poll(client);
    return client->closed;
}

#endif
