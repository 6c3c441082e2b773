#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include <stddef.h>

#include "common/http/http_server.h"

/* Finds the route of a request. */
struct http_router;

/* Compile routes, which must outlive the router. A pattern that can't be compiled is a bug of the
 * program and ends it. Never NULL. */
struct http_router *http_router_new(const struct http_route *routes, size_t route_count);
void http_router_free(struct http_router *router);

/* The route of request's method and path, and request's params; or NULL, and *allowed is the set of
 * methods, 1 << enum http_method, that the path has (0: the path is not known). */
const struct http_route *http_router_find(const struct http_router *router,
                                          struct http_request *request, unsigned *allowed);

/* Room for an Allow field with every method. */
#define HTTP_ALLOW_SIZE 80

/* Write "Allow: GET, HEAD\r\n" for a set of methods. */
void http_router_allow(unsigned allowed, char field[HTTP_ALLOW_SIZE]);

#endif
