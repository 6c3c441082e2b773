#ifndef PUBLIC_ROUTES_H
#define PUBLIC_ROUTES_H

#include <stddef.h>

#include "common/http/http_server.h"

/* All that clients can call, the paths of older systems included. */
const struct http_route *public_routes(size_t *count);

#endif
