#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/base/strbuf.h"
#include "common/http/http_request.h"

/* As much is read from a socket at a time. */
#define HTTP_STREAM_ROOM 16384

/* A client's socket, with what was read and not taken yet and what could not be sent yet. Input is
 * read into the room that all streams of a thread share; only what nobody takes at once is kept in
 * memory of the stream's own. So an idle client costs no buffer, and a request that arrives whole
 * no copy. Loop thread only. */
struct http_stream {
    const struct http_stream_callbacks *callbacks;
    void *cookie;
    char *room;
    struct http_slice fresh; /* lies in room, until http_stream_keep */
    struct strbuf kept;      /* input, from kept_at on; then nothing is fresh */
    size_t kept_at;
    struct strbuf unsent; /* output, from unsent_at on */
    size_t unsent_at;
    int fd;
    bool stalled; /* enough input waits; no more is read */
    bool ended;   /* the client sends no more */
    struct event readable;
    struct event writable;
    struct event woken;
};

/* Called by the loop; each may close the stream. */
struct http_stream_callbacks {
    void (*readable)(void *cookie); /* http_stream_read has something; or http_stream_wake */
    void (*flushed)(void *cookie);  /* all output is in the kernel's hands */
    void (*broken)(void *cookie);   /* output can't be sent any more */
};

enum http_stream_input { HTTP_STREAM_GOT, HTTP_STREAM_END, HTTP_STREAM_ERROR };

/* What a look at the socket itself says about the client. */
enum http_stream_health { HTTP_STREAM_OPEN, HTTP_STREAM_HALF_CLOSED, HTTP_STREAM_BROKEN };

/* Take over a non-blocking socket and wait for input. room: HTTP_STREAM_ROOM bytes, which outlive
 * the stream, and which another stream uses when this one's callback has returned. */
void http_stream_open(struct http_stream *stream, struct event_base *base, int fd, char *room,
                      const struct http_stream_callbacks *callbacks, void *cookie);

/* Close at once. No callback comes any more. */
void http_stream_close(struct http_stream *stream);

/* Close with a reset, which drops unread output from the kernel's memory too. */
void http_stream_abort(struct http_stream *stream);

/* In readable: read once. END, which comes once, and ERROR are not followed by more input. Before
 * the callback returns http_stream_keep must be called (of a closed stream it does nothing). */
enum http_stream_input http_stream_read(struct http_stream *stream);
void http_stream_keep(struct http_stream *stream);

/* Input that was read and not taken yet; peeked at, it stays valid until the next call. */
size_t http_stream_waiting(const struct http_stream *stream);
struct http_slice http_stream_peek(const struct http_stream *stream);
void http_stream_take(struct http_stream *stream, size_t len);

/* Stop reading once limit bytes wait; go on. */
void http_stream_stall(struct http_stream *stream, size_t limit);
void http_stream_resume(struct http_stream *stream);

/* Send bytes; what the kernel does not take now is copied. False: the client is gone. */
bool http_stream_send(struct http_stream *stream, const char *bytes, size_t len);
bool http_stream_is_flushed(const struct http_stream *stream);

/* Tell the client that nothing more will be sent. */
void http_stream_finish(struct http_stream *stream);

/* Call readable in the loop's next turn, though nothing new has arrived: others come first. */
void http_stream_wake(struct http_stream *stream);

/* Ask the kernel: for times when the stream is not read. */
enum http_stream_health http_stream_check(const struct http_stream *stream);
bool http_stream_has_unread(const struct http_stream *stream);

#endif
