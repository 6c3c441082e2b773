#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include <stdbool.h>

#include "common/http/http_request.h"

/* Split a request-target (RFC 9112 section 3.2) into path and query. Origin form, "*", and absolute
 * form of http and https, of which the authority is checked and dropped. False: it is malformed. */
bool http_target_split(struct http_slice target, struct http_slice *path, struct http_slice *query);

/* True when host is a host name or address, not empty, with or without a port: a Host field's
 * value. */
bool http_target_is_host(struct http_slice host);

#endif
