#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

#include "common/http/http_request.h"

/* Takes the chunked coding (RFC 9112 section 7.1) off a body. Stricter than the grammar: every line
 * ends with CRLF, no blanks around the size, extensions and trailers are bounded and dropped. */
struct http_chunked {
    int state;
    uint64_t size;   /* of this chunk */
    uint64_t left;   /* of its data */
    uint64_t total;  /* of all chunks so far */
    uint64_t max;    /* more than this is too large */
    unsigned digits; /* of the size */
    size_t overhead; /* bytes of extensions and trailers */
};

enum http_chunked_event {
    HTTP_CHUNKED_MORE,      /* all input used */
    HTTP_CHUNKED_DATA,      /* piece holds body bytes; call again */
    HTTP_CHUNKED_DONE,      /* the body is complete; input behind it is left alone */
    HTTP_CHUNKED_MALFORMED, /* the end of the body can't be known */
    HTTP_CHUNKED_TOO_LARGE, /* a chunk that is announced passes the limit */
};

void http_chunked_init(struct http_chunked *chunked, uint64_t max);

/* Work on data up to the next event; *used of len bytes are done with. piece points into data. */
enum http_chunked_event http_chunked_next(struct http_chunked *chunked, const char *data,
                                          size_t len, size_t *used, struct http_slice *piece);

#endif
