/* The ceiling that the gateway's HTTP side is held against: libevent bufferevents and llhttp, and
 * the same answer to every request. It routes nothing, checks nothing that llhttp does not, and has
 * no deadlines; the answer's bytes are ready but for the date. One loop a thread, SO_REUSEPORT.
 *
 *   bare_server --port 18080 --threads 1 --status 202 --body-bytes 180
 *               --fields 'Location: /api/v1/coupons/result/1\r\nRetry-After: 1\r\n'
 *
 * Prints "port N" when it listens; ends at SIGTERM. Exit: 0, 1 it can't listen, 64 usage. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <llhttp.h>

#include "common/http/http_answer.h"
#include "common/http/http_date.h"
#include "common/base/clock.h"

static struct bare_options {
    uint16_t port;
    int threads;
    int status;
    size_t body_bytes;
    const char *content_type;
    char *fields;
} options = {0, 1, 202, 180, "application/json", NULL};

/* One thread: its loop and the answer. */
struct bare_thread {
    pthread_t id;
    struct event_base *base;
    int listener;
    struct strbuf answer;
    int64_t answer_expires_us;
};

struct bare_connection {
    struct bare_thread *thread;
    struct bufferevent *bufev;
    int fd;
    bool failed;
    llhttp_t parser;
};

static void render_answer(struct bare_thread *thread, int64_t now_us)
{
    struct http_date date = {0};
    struct strbuf body = STRBUF_INIT;
    struct http_answer answer = {
        .status = options.status,
        .content_type = options.content_type,
        .fields = options.fields,
        .body_len = options.body_bytes,
    };

    memset(strbuf_reserve(&body, options.body_bytes), 'x', options.body_bytes);
    answer.body = body.data;
    strbuf_clear(&thread->answer);
    http_answer_write(&thread->answer, &answer, http_date_text(&date, now_us));
    thread->answer_expires_us = date.expires_us;
    strbuf_free(&body);
}

static int request_complete(llhttp_t *parser)
{
    struct bare_connection *connection = parser->data;
    struct bare_thread *thread = connection->thread;
    int64_t now_us = clock_monotonic_us();
    ssize_t sent;

    if (now_us >= thread->answer_expires_us)
        render_answer(thread, now_us);
    if (evbuffer_get_length(bufferevent_get_output(connection->bufev)) > 0)
        sent = 0;
    else
        sent = send(connection->fd, thread->answer.data, thread->answer.len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        connection->failed = true;
    else if (sent < (ssize_t)thread->answer.len)
        bufferevent_write(connection->bufev, thread->answer.data + (sent > 0 ? sent : 0),
                          thread->answer.len - (size_t)(sent > 0 ? sent : 0));
    return 0;
}

static const llhttp_settings_t settings = {.on_message_complete = request_complete};

static void connection_close(struct bare_connection *connection)
{
    bufferevent_free(connection->bufev);
    free(connection);
}

static void connection_readable(struct bufferevent *bufev, void *cookie)
{
    struct bare_connection *connection = cookie;
    struct evbuffer *input = bufferevent_get_input(bufev);
    struct evbuffer_iovec span;

    while (evbuffer_get_length(input) > 0) {
        evbuffer_peek(input, -1, NULL, &span, 1);
        if (llhttp_execute(&connection->parser, span.iov_base, span.iov_len) != HPE_OK)
            connection->failed = true;
        evbuffer_drain(input, span.iov_len);
    }
    if (connection->failed)
        connection_close(connection);
}

static void connection_event(struct bufferevent *bufev, short what, void *cookie)
{
    (void)bufev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        connection_close(cookie);
}

static void listener_readable(evutil_socket_t listener, short what, void *cookie)
{
    struct bare_thread *thread = cookie;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct bare_connection *connection;
    int on = 1;

    (void)what;
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection = calloc(1, sizeof *connection);
    connection->thread = thread;
    connection->fd = fd;
    connection->bufev = bufferevent_socket_new(thread->base, fd, BEV_OPT_CLOSE_ON_FREE);
    llhttp_init(&connection->parser, HTTP_REQUEST, &settings);
    connection->parser.data = connection;
    bufferevent_setcb(connection->bufev, connection_readable, NULL, connection_event, connection);
    bufferevent_enable(connection->bufev, EV_READ);
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0) {
        fprintf(stderr, "bare_server: can't listen on 127.0.0.1:%u: %s\n", (unsigned)port,
                strerror(errno));
        exit(1);
    }
    return fd;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;

    getsockname(fd, (struct sockaddr *)&address, &len);
    return ntohs(address.sin_port);
}

static void *thread_main(void *cookie)
{
    struct bare_thread *thread = cookie;
    struct event *readable;

    thread->base = event_base_new();
    readable =
        event_new(thread->base, thread->listener, EV_READ | EV_PERSIST, listener_readable, thread);
    event_add(readable, NULL);
    event_base_dispatch(thread->base);
    return NULL;
}

/* The text with \r and \n written out made into those bytes. */
static char *unescape(const char *text)
{
    char *plain = malloc(strlen(text) + 1);
    char *at = plain;

    for (; *text != '\0'; text++) {
        if (text[0] == '\\' && (text[1] == 'r' || text[1] == 'n'))
            *at++ = *++text == 'r' ? '\r' : '\n';
        else
            *at++ = *text;
    }
    *at = '\0';
    return plain;
}

static void usage(void)
{
    fprintf(stderr, "usage: bare_server --port P [--threads N] [--status CODE] [--body-bytes N]\n"
                    "                   [--content-type TYPE] [--fields 'Name: value\\r\\n...']\n");
    exit(64);
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1];

        if (value == NULL)
            usage();
        if (strcmp(argv[i], "--port") == 0)
            options.port = (uint16_t)atoi(value);
        else if (strcmp(argv[i], "--threads") == 0)
            options.threads = atoi(value);
        else if (strcmp(argv[i], "--status") == 0)
            options.status = atoi(value);
        else if (strcmp(argv[i], "--body-bytes") == 0)
            options.body_bytes = (size_t)atol(value);
        else if (strcmp(argv[i], "--content-type") == 0)
            options.content_type = value;
        else if (strcmp(argv[i], "--fields") == 0)
            options.fields = unescape(value);
        else
            usage();
    }
    if (options.threads < 1 || options.threads > 64)
        usage();
}

int main(int argc, char **argv)
{
    static struct bare_thread threads[64];
    sigset_t ending;
    int number;

    read_options(argc, argv);
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ending, NULL);
    for (int i = 0; i < options.threads; i++) {
        threads[i].listener = listen_on(options.port);
        options.port = bound_port(threads[i].listener);
    }
    for (int i = 0; i < options.threads; i++)
        pthread_create(&threads[i].id, NULL, thread_main, &threads[i]);
    printf("port %u\n", (unsigned)options.port);
    fflush(stdout);
    sigwait(&ending, &number);
    return 0;
}
