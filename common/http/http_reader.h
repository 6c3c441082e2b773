#ifndef HTTP_READER_H
#define HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/http/http_chunked.h"
#include "common/http/http_framing.h"
#include "common/http/http_head.h"
#include "common/http/http_refusal.h"
#include "common/http/http_request.h"

enum http_reader_state {
    HTTP_READER_IDLE,      /* no byte of a request seen */
    HTTP_READER_IN_HEAD,   /* some, not the end of the head */
    HTTP_READER_HEAD_DONE, /* waits for http_reader_accept_body */
    HTTP_READER_IN_BODY,
    HTTP_READER_DONE,   /* a whole request; waits for http_reader_next */
    HTTP_READER_FAILED, /* refused; nothing behind this point can be trusted */
};

/* Makes requests out of a byte stream, one at a time. Knows no sockets: bytes are fed to it. It
 * keeps its own copy of the request's bytes, so slices stay valid while more input arrives. */
struct http_reader {
    enum http_reader_state state;
    char *data; /* the head, and the body behind it */
    size_t len;
    size_t capacity;
    size_t parsed;   /* whole lines given to head */
    size_t head_len; /* of a complete head */
    size_t max_head;
    uint64_t body_left;
    int blank; /* bytes of the one empty line skipped in front of the request line */
    const struct http_refusal *refusal;
    struct http_head head;
    struct http_framing framing;
    struct http_chunked chunked;
    struct http_request request;
};

void http_reader_init(struct http_reader *reader, size_t max_head);
void http_reader_free(struct http_reader *reader);

/* Forget the request and wait for the next. */
void http_reader_next(struct http_reader *reader);

/* Take bytes, up to the end of the head or of the request. Returns how many were used; zero only
 * when none were offered or the state is HEAD_DONE, DONE or FAILED. */
size_t http_reader_feed(struct http_reader *reader, const char *data, size_t len);

/* In HEAD_DONE: go on to the body, of max_body bytes at most; DONE at once when there is none. */
void http_reader_accept_body(struct http_reader *reader, size_t max_body);

#endif
