#include "common/http/http_stream.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/base/check.h"

void http_stream_open(struct http_stream *stream, struct event_base *base, int fd,
                      const struct http_stream_callbacks *callbacks, void *cookie)
{
    stream->fd = fd;
    stream->stalled = false;
    stream->bufev = bufferevent_socket_new(base, fd, 0);
    CHECK(stream->bufev != NULL, "out of memory for the buffers of socket %d", fd);
    bufferevent_setcb(stream->bufev, callbacks->readable, callbacks->flushed, callbacks->ended,
                      cookie);
    bufferevent_enable(stream->bufev, EV_READ);
}

/* The bufferevent does not own the socket: it would close it only in a later turn of the loop. */
void http_stream_close(struct http_stream *stream)
{
    bufferevent_free(stream->bufev);
    close(stream->fd);
    stream->bufev = NULL;
    stream->fd = -1;
}

void http_stream_abort(struct http_stream *stream)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    http_stream_close(stream);
}

size_t http_stream_waiting(const struct http_stream *stream)
{
    return evbuffer_get_length(bufferevent_get_input(stream->bufev));
}

struct http_slice http_stream_peek(const struct http_stream *stream)
{
    struct evbuffer_iovec piece = {NULL, 0};

    evbuffer_peek(bufferevent_get_input(stream->bufev), -1, NULL, &piece, 1);
    return (struct http_slice){piece.iov_base, piece.iov_len};
}

void http_stream_take(struct http_stream *stream, size_t len)
{
    evbuffer_drain(bufferevent_get_input(stream->bufev), len);
}

/* Not by a high watermark: at the mark libevent 2.1.12 calls a read callback that takes nothing
 * again and again. */
void http_stream_stall(struct http_stream *stream, size_t limit)
{
    if (http_stream_waiting(stream) < limit)
        return;
    stream->stalled = true;
    bufferevent_disable(stream->bufev, EV_READ);
}

void http_stream_resume(struct http_stream *stream)
{
    if (!stream->stalled)
        return;
    stream->stalled = false;
    bufferevent_enable(stream->bufev, EV_READ);
}

/* Write straight to the socket what it takes, and leave the rest to the bufferevent: most answers
 * fit, and then no write event has to be added and removed. */
bool http_stream_send(struct http_stream *stream, const char *bytes, size_t len)
{
    ssize_t sent = 0;

    if (http_stream_is_flushed(stream)) {
        sent = send(stream->fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent < 0)
            sent = 0;
    }
    if ((size_t)sent < len) {
        int result = bufferevent_write(stream->bufev, bytes + sent, len - (size_t)sent);

        CHECK(result == 0, "no memory for %zu bytes of an answer", len - (size_t)sent);
    }
    return true;
}

bool http_stream_is_flushed(const struct http_stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(stream->bufev)) == 0;
}

void http_stream_finish(struct http_stream *stream)
{
    shutdown(stream->fd, SHUT_WR);
}

void http_stream_wake(struct http_stream *stream)
{
    bufferevent_trigger(stream->bufev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

enum http_stream_health http_stream_check(const struct http_stream *stream)
{
    struct pollfd poll_fd = {.fd = stream->fd, .events = POLLRDHUP};

    if (poll(&poll_fd, 1, 0) <= 0)
        return HTTP_STREAM_OPEN;
    return poll_fd.revents & (POLLERR | POLLHUP) ? HTTP_STREAM_BROKEN : HTTP_STREAM_HALF_CLOSED;
}

bool http_stream_has_unread(const struct http_stream *stream)
{
    char byte;

    return recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}
