#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A run of bytes inside the request; not NUL-terminated, owned by the connection. */
struct http_slice {
    const char *data;
    size_t len;
};

enum http_method {
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_OTHER
};

/* "GET", …; "_OTHER", as OpenTelemetry has it. */
const char *http_method_name(enum http_method method);

struct http_field {
    struct http_slice name;  /* lower-cased */
    struct http_slice value; /* optional white space around it removed */
};

#define HTTP_MAX_FIELDS 64
#define HTTP_MAX_PARAMS 4

/* One parsed request. Everything in it stays valid until its exchange is answered or gone. */
struct http_request {
    enum http_method method;
    struct http_slice path;  /* origin form without the query, percent-encoding untouched */
    struct http_slice query; /* behind '?', or empty */
    struct http_slice body;
    struct http_slice params[HTTP_MAX_PARAMS]; /* the {…} parts of the matched route, in order */
    size_t param_count;
    size_t field_count;
    struct http_field fields[HTTP_MAX_FIELDS]; /* last: what most requests use lies together */
};

/* The value of the first field called name (lower case), or NULL. */
const struct http_slice *http_request_field(const struct http_request *request, const char *name);

/* Find query parameter name (application/x-www-form-urlencoded). False: it is not there. The value
 * is returned raw; none of our parameters has a character that needs decoding, so a '%' makes it
 * invalid in the check that follows. A parameter given twice sets *twice. */
bool http_request_query(const struct http_request *request, const char *name,
                        struct http_slice *value, bool *twice);

/* Parse a decimal 1…INT64_MAX without sign, blank or leading zero. False: it is anything else. */
bool http_slice_id(struct http_slice slice, uint64_t *id);

/* True when slice holds exactly text. Inline, so that a constant's length costs nothing. */
static inline bool http_slice_is(struct http_slice slice, const char *text)
{
    return strlen(text) == slice.len && memcmp(slice.data, text, slice.len) == 0;
}

/* The same without regard to ASCII case; lower is lower case. */
bool http_slice_is_nocase(struct http_slice slice, const char *lower);

#endif
