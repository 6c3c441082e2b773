#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/bufferevent.h>

#include "common/http/http_request.h"

struct event_base;

/* A client's socket with its buffers. */
struct http_stream {
    struct bufferevent *bufev;
    int fd;
    bool stalled; /* enough input waits; no more is read */
};

struct http_stream_callbacks {
    bufferevent_data_cb readable;
    bufferevent_data_cb flushed; /* all output is in the kernel's hands */
    bufferevent_event_cb ended;  /* end of input, or an error */
};

/* What a look at the socket itself says about the client. */
enum http_stream_health { HTTP_STREAM_OPEN, HTTP_STREAM_HALF_CLOSED, HTTP_STREAM_BROKEN };

/* Take over a non-blocking socket and start reading. */
void http_stream_open(struct http_stream *stream, struct event_base *base, int fd,
                      const struct http_stream_callbacks *callbacks, void *cookie);

/* Close at once. No callback comes any more. */
void http_stream_close(struct http_stream *stream);

/* Close with a reset, which drops unread output from the kernel's memory too. */
void http_stream_abort(struct http_stream *stream);

/* Input that was read and not taken yet: how much, and a first piece of it (not empty when any
 * waits). */
size_t http_stream_waiting(const struct http_stream *stream);
struct http_slice http_stream_peek(const struct http_stream *stream);
void http_stream_take(struct http_stream *stream, size_t len);

/* Stop reading once limit bytes wait; go on. */
void http_stream_stall(struct http_stream *stream, size_t limit);
void http_stream_resume(struct http_stream *stream);

/* Send bytes. False: the client is gone. */
bool http_stream_send(struct http_stream *stream, const char *bytes, size_t len);
bool http_stream_is_flushed(const struct http_stream *stream);

/* Tell the client that nothing more will be sent. */
void http_stream_finish(struct http_stream *stream);

/* Call readable from the loop, though nothing new has arrived. */
void http_stream_wake(struct http_stream *stream);

/* Ask the kernel: for times when the stream is not read. */
enum http_stream_health http_stream_check(const struct http_stream *stream);
bool http_stream_has_unread(const struct http_stream *stream);

#endif
