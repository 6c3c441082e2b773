#include "common/http/http_stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"

/* Memory for kept input is held for the next time, unless it is more than this. */
#define STREAM_HOLD 4096

static bool is_passing(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static void readable(evutil_socket_t fd, short what, void *cookie)
{
    struct http_stream *stream = cookie;

    (void)fd;
    (void)what;
    stream->callbacks->readable(stream->cookie);
}

static void writable(evutil_socket_t fd, short what, void *cookie)
{
    struct http_stream *stream = cookie;
    ssize_t sent = send(fd, stream->unsent.data + stream->unsent_at,
                        stream->unsent.len - stream->unsent_at, MSG_NOSIGNAL);

    (void)what;
    if (sent < 0) {
        if (!is_passing(errno))
            stream->callbacks->broken(stream->cookie);
        return;
    }
    stream->unsent_at += (size_t)sent;
    if (stream->unsent_at < stream->unsent.len)
        return;
    strbuf_free(&stream->unsent);
    stream->unsent_at = 0;
    event_del(&stream->writable);
    stream->callbacks->flushed(stream->cookie);
}

static void watch(struct event *event)
{
    int added = event_add(event, NULL);

    CHECK(added == 0, "can't watch socket %d", (int)event_get_fd(event));
}

void http_stream_open(struct http_stream *stream, struct event_base *base, int fd, char *room,
                      const struct http_stream_callbacks *callbacks, void *cookie)
{
    *stream = (struct http_stream){
        .callbacks = callbacks,
        .cookie = cookie,
        .room = room,
        .fd = fd,
    };
    event_assign(&stream->readable, base, fd, EV_READ | EV_PERSIST, readable, stream);
    event_assign(&stream->writable, base, fd, EV_WRITE | EV_PERSIST, writable, stream);
    evtimer_assign(&stream->woken, base, readable, stream);
    watch(&stream->readable);
}

void http_stream_close(struct http_stream *stream)
{
    event_del(&stream->readable);
    event_del(&stream->writable);
    event_del(&stream->woken);
    close(stream->fd);
    strbuf_free(&stream->kept);
    strbuf_free(&stream->unsent);
    stream->fresh = (struct http_slice){NULL, 0};
    stream->kept_at = stream->unsent_at = 0;
    stream->fd = -1;
}

void http_stream_abort(struct http_stream *stream)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    http_stream_close(stream);
}

enum http_stream_input http_stream_read(struct http_stream *stream)
{
    ssize_t got;

    CHECK(stream->fresh.len == 0, "%zu bytes are not kept", stream->fresh.len);
    if (stream->stalled || stream->ended)
        return HTTP_STREAM_GOT;
    got = recv(stream->fd, stream->room, HTTP_STREAM_ROOM, 0);
    if (got < 0)
        return is_passing(errno) ? HTTP_STREAM_GOT : HTTP_STREAM_ERROR;
    if (got == 0) {
        stream->ended = true;
        event_del(&stream->readable);
        return HTTP_STREAM_END;
    }
    stream->fresh = (struct http_slice){stream->room, (size_t)got};
    if (stream->kept.len > 0)
        http_stream_keep(stream);
    return HTTP_STREAM_GOT;
}

void http_stream_keep(struct http_stream *stream)
{
    struct http_slice rest = http_stream_peek(stream);

    if (stream->fresh.len == 0)
        return;
    if (stream->kept_at > 0) {
        memmove(stream->kept.data, rest.data, rest.len);
        stream->kept.len = rest.len;
        stream->kept_at = 0;
    }
    strbuf_add(&stream->kept, stream->fresh.data, stream->fresh.len);
    stream->fresh = (struct http_slice){NULL, 0};
}

size_t http_stream_waiting(const struct http_stream *stream)
{
    return http_stream_peek(stream).len;
}

struct http_slice http_stream_peek(const struct http_stream *stream)
{
    if (stream->kept.len == 0)
        return stream->fresh;
    return (struct http_slice){stream->kept.data + stream->kept_at,
                               stream->kept.len - stream->kept_at};
}

void http_stream_take(struct http_stream *stream, size_t len)
{
    CHECK(len <= http_stream_waiting(stream), "%zu bytes", len);
    if (len == 0)
        return;
    if (stream->kept.len == 0) {
        stream->fresh.data += len;
        stream->fresh.len -= len;
        return;
    }
    stream->kept_at += len;
    if (stream->kept_at < stream->kept.len)
        return;
    stream->kept_at = 0;
    strbuf_clear(&stream->kept);
    if (stream->kept.capacity > STREAM_HOLD)
        strbuf_free(&stream->kept);
}

void http_stream_stall(struct http_stream *stream, size_t limit)
{
    if (http_stream_waiting(stream) < limit)
        return;
    stream->stalled = true;
    event_del(&stream->readable);
}

void http_stream_resume(struct http_stream *stream)
{
    if (!stream->stalled)
        return;
    stream->stalled = false;
    if (!stream->ended)
        watch(&stream->readable);
}

/* Straight to the socket: most answers fit, and then no write event is added and removed. */
bool http_stream_send(struct http_stream *stream, const char *bytes, size_t len)
{
    ssize_t sent = 0;

    if (http_stream_is_flushed(stream)) {
        sent = send(stream->fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && !is_passing(errno))
            return false;
        if (sent == (ssize_t)len)
            return true;
        if (sent < 0)
            sent = 0;
        watch(&stream->writable);
    }
    strbuf_add(&stream->unsent, bytes + sent, len - (size_t)sent);
    return true;
}

bool http_stream_is_flushed(const struct http_stream *stream)
{
    return stream->unsent.len == 0;
}

void http_stream_finish(struct http_stream *stream)
{
    shutdown(stream->fd, SHUT_WR);
}

void http_stream_wake(struct http_stream *stream)
{
    static const struct timeval at_once = {0, 0};

    event_add(&stream->woken, &at_once);
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
