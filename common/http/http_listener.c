#include "common/http/http_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/base/check.h"
#include "common/base/log.h"

#define LISTENER_BACKLOG 4096

/* Connections taken in one turn of the loop, so that those already open get theirs. */
#define LISTENER_BURST 64

/* How long accepting rests when descriptors or memory have run out. */
static const struct timeval exhausted_rest = {0, 100 * 1000};

struct http_listener {
    int fd;
    int spare_fd; /* given up for a moment to turn newcomers away when descriptors run out */
    bool paused;  /* by http_listener_pause */
    struct event *readable;
    struct event *rested;
    void (*accepted)(void *cookie, int fd);
    void *cookie;
};

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int open_socket(const struct addrinfo *address, bool reuse_port)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    int cause;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (!reuse_port || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, LISTENER_BACKLOG) == 0)
        return fd;
    cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

static int listen_on(const char *host, uint16_t port, bool reuse_port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
    };
    struct addrinfo *address;
    char service[8];
    int fd;

    snprintf(service, sizeof service, "%u", (unsigned)port);
    if (getaddrinfo(host, service, &hints, &address) != 0) {
        errno = EINVAL;
        return -1;
    }
    fd = open_socket(address, reuse_port);
    freeaddrinfo(address);
    return fd;
}

/* Tell newcomers by closing that they can't be served, rather than leave them waiting. */
static void turn_away(struct http_listener *listener)
{
    if (listener->spare_fd < 0)
        return;
    close(listener->spare_fd);
    for (int i = 0; i < LISTENER_BURST; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            break;
        close(fd);
    }
    listener->spare_fd = open_spare();
}

static void accept_failed(struct http_listener *listener, int cause)
{
    if (cause != EMFILE && cause != ENFILE && cause != ENOBUFS && cause != ENOMEM)
        return;
    log_warn("http_accept_failed", "can't accept connections: %s", strerror(cause));
    turn_away(listener);
    event_del(listener->readable);
    event_add(listener->rested, &exhausted_rest);
}

void http_listener_accept(struct http_listener *listener)
{
    for (int i = 0; i < LISTENER_BURST && !listener->paused; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        int on = 1;

        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            accept_failed(listener, errno);
            return;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        listener->accepted(listener->cookie, fd);
    }
}

static void listener_readable(evutil_socket_t fd, short what, void *cookie)
{
    (void)fd;
    (void)what;
    http_listener_accept(cookie);
}

static void listener_rested(evutil_socket_t fd, short what, void *cookie)
{
    struct http_listener *listener = cookie;

    (void)fd;
    (void)what;
    if (listener->spare_fd < 0)
        listener->spare_fd = open_spare();
    if (!listener->paused)
        event_add(listener->readable, NULL);
}

struct http_listener *http_listener_new(struct event_base *base, const char *host, uint16_t port,
                                        bool reuse_port, void (*accepted)(void *cookie, int fd),
                                        void *cookie)
{
    struct http_listener *listener;
    int fd = listen_on(host, port, reuse_port);

    if (fd < 0)
        return NULL;
    listener = calloc(1, sizeof *listener);
    CHECK(listener != NULL, "out of memory to listen on %s", host);
    listener->fd = fd;
    listener->spare_fd = open_spare();
    listener->accepted = accepted;
    listener->cookie = cookie;
    listener->readable = event_new(base, fd, EV_READ | EV_PERSIST, listener_readable, listener);
    listener->rested = evtimer_new(base, listener_rested, listener);
    CHECK(listener->readable != NULL && listener->rested != NULL, "out of memory to listen on %s",
          host);
    event_add(listener->readable, NULL);
    return listener;
}

uint16_t http_listener_port(const struct http_listener *listener)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    int result = getsockname(listener->fd, (struct sockaddr *)&address, &len);

    CHECK(result == 0, "errno=%d", errno);
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

void http_listener_pause(struct http_listener *listener)
{
    listener->paused = true;
    event_del(listener->readable);
}

void http_listener_resume(struct http_listener *listener)
{
    if (!listener->paused)
        return;
    listener->paused = false;
    if (!event_pending(listener->rested, EV_TIMEOUT, NULL))
        event_add(listener->readable, NULL);
}

void http_listener_free(struct http_listener *listener)
{
    if (listener == NULL)
        return;
    event_free(listener->readable);
    event_free(listener->rested);
    close(listener->fd);
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
    free(listener);
}
