#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include <llhttp.h>

#include "common/http/http_refusal.h"
#include "common/http/http_request.h"

/* Parses request line and header lines with llhttp, and checks on the raw bytes what llhttp lets
 * pass: line ends, folded lines, control characters, blanks in the request line. */
struct http_head {
    llhttp_t parser;
    struct http_request *request;
    struct http_slice target;
    const struct http_refusal *refusal;
    bool in_headers; /* the request line is parsed */
    bool in_field;   /* a name without its value yet */
    bool complete;
    bool http_1_0;
    bool keep_alive;
};

/* Start on a new head, whose fields and method go into request. */
void http_head_init(struct http_head *head, struct http_request *request);

/* Parse one or more whole lines, each with the LF that ends it. They must stay where they are until
 * the request is answered (see http_head_moved); field names in them are lower-cased in place.
 * Returns NULL or why the request is refused. */
const struct http_refusal *http_head_parse(struct http_head *head, char *lines, size_t len);

/* The bytes given to http_head_parse were copied from old to new: every slice of the request that
 * pointed into them follows. */
void http_head_moved(struct http_head *head, const char *old, size_t len, const char *new);

#endif
