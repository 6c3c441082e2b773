/* A client's bytes through a connection of the real server: as many answers as requests, in their
 * order, nothing behind the last, and no handler sees what was not sent as a request. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/http/http_connection.h"
#include "common/http/http_gate.h"
#include "common/http/http_reader.h"
#include "tests/fuzz/fuzz.h"

#define MAX_HEAD 1024
#define MAX_BODY 300
#define TURNS_MAX 10000
#define FIRST_PIECE 50

#define ANSWERS_MAX 512

/* What the client is owed for its bytes, by the reader and the gate alone. */
struct owed {
    size_t answers;
    bool to_head[ANSWERS_MAX];
    bool malformed; /* the last request's head: whether it asks for no content may stay unknown */
    struct strbuf handled; /* what handlers are given */
    size_t handler_calls;
};

struct server {
    struct http_service service;
    struct strbuf handled; /* what the handlers saw */
    size_t handler_calls;
    struct http_exchange *held; /* to be answered in the next turn */
};

static void describe(const struct http_request *request, struct strbuf *out)
{
    strbuf_addf(out, "%d %zu %zu ", (int)request->method, request->query.len, request->body.len);
    strbuf_add(out, request->query.data, request->query.len);
    strbuf_add(out, request->body.data, request->body.len);
}

static void echo(struct http_exchange *exchange)
{
    struct server *server = http_exchange_context(exchange);
    struct http_slice body = http_exchange_request(exchange)->body;

    server->handler_calls++;
    describe(http_exchange_request(exchange), &server->handled);
    http_exchange_reply(exchange, 200, "text/plain", NULL, body.data, body.len);
}

static void forget(void *cookie)
{
    struct server *server = cookie;

    server->held = NULL;
}

static void hold(struct http_exchange *exchange)
{
    struct server *server = http_exchange_context(exchange);

    EXPECT(server->held == NULL, "two requests of one client at a time");
    server->handler_calls++;
    describe(http_exchange_request(exchange), &server->handled);
    server->held = exchange;
    http_exchange_on_gone(exchange, forget, server);
}

static void answer_held(struct server *server)
{
    struct http_exchange *exchange = server->held;

    server->held = NULL;
    if (exchange != NULL)
        http_exchange_reply(exchange, 200, "text/plain", NULL, "late", 4);
}

static const struct http_route routes[] = {
    {HTTP_METHOD_GET, "/", echo, 0},
    {HTTP_METHOD_POST, "/", echo, MAX_BODY},
    {HTTP_METHOD_PUT, "/{any}", hold, MAX_BODY},
};

static void released(struct http_service *service)
{
    (void)service;
}

static struct server *server_get(void)
{
    static struct server server;

    if (server.service.base == NULL) {
        server.service.base = event_base_new();
        server.service.router = http_router_new(routes, sizeof routes / sizeof routes[0]);
        server.service.context = &server;
        server.service.released = released;
        server.service.config = (struct http_server_config){
            .max_connections = 1,
            .max_head_bytes = MAX_HEAD,
            .idle_timeout_ms = 1000000,
            .head_timeout_ms = 1000000,
            .body_timeout_ms = 1000000,
            .write_timeout_ms = 1000000,
        };
    }
    strbuf_clear(&server.handled);
    server.handler_calls = 0;
    return &server;
}

/* An answer is owed to the request being read. False: it is the last. */
static bool owe(struct owed *owed, const struct http_reader *reader, bool last)
{
    EXPECT(owed->answers < ANSWERS_MAX, "more requests than the bytes allow");
    owed->to_head[owed->answers++] = reader->request.method == HTTP_METHOD_HEAD;
    return !last && reader->head.keep_alive;
}

/* The head is complete: on to the body, or an answer at once. */
static bool owe_for_head(struct owed *owed, const struct http_router *router,
                         struct http_reader *reader)
{
    const struct http_route *route;
    char allow[HTTP_ALLOW_SIZE];

    if (http_gate_check(router, &reader->request, &reader->framing, &route, allow) == NULL) {
        http_reader_accept_body(reader, route->max_body);
        return true;
    }
    if (!owe(owed, reader, http_framing_has_body(&reader->framing)))
        return false;
    http_reader_next(reader);
    return true;
}

static void read_stream(const char *bytes, size_t len, const struct http_router *router,
                        struct owed *owed)
{
    struct http_reader reader;
    size_t at = 0;
    bool on = true;

    memset(owed, 0, sizeof *owed);
    http_reader_init(&reader, MAX_HEAD);
    while (on && at < len) {
        at += http_reader_feed(&reader, bytes + at, len - at);
        if (reader.state == HTTP_READER_HEAD_DONE)
            on = owe_for_head(owed, router, &reader);
        if (reader.state == HTTP_READER_FAILED) {
            on = owe(owed, &reader, true);
            owed->malformed = true;
        }
        if (reader.state != HTTP_READER_DONE)
            continue;
        describe(&reader.request, &owed->handled);
        owed->handler_calls++;
        on = owe(owed, &reader, false);
        http_reader_next(&reader);
    }
    http_reader_free(&reader);
}

static void turn(struct server *server, int fd, struct strbuf *got)
{
    char bytes[16384];
    ssize_t len;

    event_base_loop(server->service.base, EVLOOP_NONBLOCK);
    answer_held(server);
    while ((len = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        strbuf_add(got, bytes, (size_t)len);
}

/* Send the bytes in two pieces and then nothing more, and collect what comes until the server
 * closes. */
static void talk(struct server *server, const char *bytes, size_t len, struct strbuf *got)
{
    size_t first = len < FIRST_PIECE ? len : FIRST_PIECE;
    int fds[2];
    int turns = 0;

    EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0,
           "no socket");
    http_connection_start(&server->service, fds[1]);
    EXPECT(send(fds[0], bytes, first, MSG_NOSIGNAL) == (ssize_t)first, "not sent");
    turn(server, fds[0], got);
    (void)!send(fds[0], bytes + first, len - first, MSG_NOSIGNAL);
    shutdown(fds[0], SHUT_WR);
    while (server->service.connection_count > 0 && ++turns < TURNS_MAX)
        turn(server, fds[0], got);
    turn(server, fds[0], got);
    EXPECT(server->service.connection_count == 0, "the connection stays open");
    EXPECT(server->service.pending_count == 0, "%zu requests pending",
           server->service.pending_count);
    close(fds[0]);
}

static size_t content_length(const char *head, const char *end)
{
    const char *field = memmem(head, (size_t)(end - head), "\r\nContent-Length: ", 18);

    EXPECT(field != NULL, "an answer without Content-Length");
    return (size_t)strtoul(field + 18, NULL, 10);
}

static bool is_last(const char *head, const char *end)
{
    return memmem(head, (size_t)(end - head), "\r\nConnection: close\r\n", 21) != NULL;
}

/* Answer number i has a body, where left bytes stand behind its head. */
static bool has_content(const struct owed *owed, size_t i, ptrdiff_t left)
{
    if (owed->malformed && i + 1 == owed->answers)
        return left > 0;
    return !owed->to_head[i];
}

/* Take the answers apart; returns how many, and how many of them are the handler's. */
static size_t count_answers(const struct strbuf *got, const struct owed *owed, size_t *good)
{
    const char *at = got->data;
    const char *end = at + got->len;
    size_t count = 0;
    bool last = false;

    *good = 0;
    while (at < end) {
        const char *blank = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
        bool interim = strncmp(at, "HTTP/1.1 100 ", 13) == 0;

        EXPECT(strncmp(at, "HTTP/1.1 ", 9) == 0 && blank != NULL, "not an answer: %.40s", at);
        EXPECT(!last, "an answer behind the last: %.40s", at);
        EXPECT(interim || count < owed->answers, "one answer too many: %.40s", at);
        *good += strncmp(at, "HTTP/1.1 200 ", 13) == 0;
        last = !interim && is_last(at, blank + 4);
        if (!interim && has_content(owed, count, end - blank - 4))
            blank += content_length(at, blank + 4);
        count += !interim;
        at = blank + 4;
        EXPECT(at <= end, "an answer that is cut off");
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct owed owed;
    struct server *server = server_get();
    struct strbuf got = STRBUF_INIT;
    size_t answers, good;

    read_stream((const char *)bytes, size, server->service.router, &owed);
    talk(server, (const char *)bytes, size, &got);
    strbuf_add(&got, "", 0);
    answers = count_answers(&got, &owed, &good);
    EXPECT(answers == owed.answers, "%zu answers, owed are %zu", answers, owed.answers);
    EXPECT(good == owed.handler_calls && server->handler_calls == owed.handler_calls,
           "%zu handler calls, %zu answers of theirs; expected %zu", server->handler_calls, good,
           owed.handler_calls);
    EXPECT(server->handled.len == owed.handled.len &&
               (owed.handled.len == 0 ||
                memcmp(server->handled.data, owed.handled.data, owed.handled.len) == 0),
           "handlers were given other requests than were sent");
    strbuf_free(&got);
    strbuf_free(&owed.handled);
    return 0;
}
