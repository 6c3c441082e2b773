#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/http_refusal.h"
#include "common/http/http_request.h"

/* What the header fields say about the message itself. */
struct http_framing {
    bool chunked;
    uint64_t content_length; /* 0 without a body, and when chunked */
    bool expect_continue;    /* the client waits for 100 before it sends the body */
    bool expect_other;
    bool json; /* Content-Type is application/json */
};

/* Read the framing of a request whose head is complete. Returns NULL or why it is refused: wherever
 * two readers could disagree about where the request ends or whom it is for. */
const struct http_refusal *http_framing_read(struct http_framing *framing,
                                             const struct http_request *request, bool http_1_0);

/* True when bytes of a body follow the head (an empty chunked body counts as one). */
bool http_framing_has_body(const struct http_framing *framing);

#endif
