#include "common/http/http_router.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

#define ROUTER_MAX_SEGMENTS 12

struct router_segment {
    struct http_slice text;
    bool param; /* any text but the empty one matches */
};

struct router_route {
    const struct http_route *route;
    struct router_segment segments[ROUTER_MAX_SEGMENTS];
    size_t segment_count;
};

struct http_router {
    size_t route_count;
    struct router_route routes[];
};

/* Split a path at its slashes. Returns 0 when it does not start with one or has too many. */
static size_t split_path(struct http_slice path, struct http_slice segments[ROUTER_MAX_SEGMENTS])
{
    const char *end = path.data + path.len;
    const char *at = path.data;
    size_t count = 0;

    if (path.len == 0 || *at != '/')
        return 0;
    while (at != end) {
        const char *start = at + 1;
        const char *slash = memchr(start, '/', (size_t)(end - start));

        if (count == ROUTER_MAX_SEGMENTS)
            return 0;
        at = slash != NULL ? slash : end;
        segments[count++] = (struct http_slice){start, (size_t)(at - start)};
    }
    return count;
}

static void compile_route(struct router_route *compiled, const struct http_route *route)
{
    struct http_slice pattern = {route->pattern, strlen(route->pattern)};
    struct http_slice segments[ROUTER_MAX_SEGMENTS];
    size_t params = 0;

    compiled->route = route;
    compiled->segment_count = split_path(pattern, segments);
    CHECK(compiled->segment_count > 0, "pattern=%s", route->pattern);
    for (size_t i = 0; i < compiled->segment_count; i++) {
        compiled->segments[i].text = segments[i];
        compiled->segments[i].param = segments[i].len > 0 && segments[i].data[0] == '{';
        params += compiled->segments[i].param;
    }
    CHECK(params <= HTTP_MAX_PARAMS, "pattern=%s", route->pattern);
    CHECK(route->method != HTTP_METHOD_OTHER, "pattern=%s", route->pattern);
}

struct http_router *http_router_new(const struct http_route *routes, size_t route_count)
{
    struct http_router *router = malloc(sizeof *router + route_count * sizeof router->routes[0]);

    CHECK(router != NULL, "out of memory for %zu routes", route_count);
    router->route_count = route_count;
    for (size_t i = 0; i < route_count; i++)
        compile_route(&router->routes[i], &routes[i]);
    return router;
}

void http_router_free(struct http_router *router)
{
    free(router);
}

static bool segment_matches(const struct router_segment *segment, struct http_slice text)
{
    if (segment->param)
        return text.len > 0;
    return segment->text.len == text.len && memcmp(segment->text.data, text.data, text.len) == 0;
}

static bool route_matches(const struct router_route *compiled, const struct http_slice *segments,
                          size_t segment_count)
{
    if (compiled->segment_count != segment_count)
        return false;
    for (size_t i = 0; i < segment_count; i++) {
        if (!segment_matches(&compiled->segments[i], segments[i]))
            return false;
    }
    return true;
}

static void take_params(const struct router_route *compiled, const struct http_slice *segments,
                        struct http_request *request)
{
    request->param_count = 0;
    for (size_t i = 0; i < compiled->segment_count; i++) {
        if (compiled->segments[i].param)
            request->params[request->param_count++] = segments[i];
    }
}

const struct http_route *http_router_find(const struct http_router *router,
                                          struct http_request *request, unsigned *allowed)
{
    struct http_slice segments[ROUTER_MAX_SEGMENTS];
    size_t segment_count = split_path(request->path, segments);
    enum http_method method =
        request->method == HTTP_METHOD_HEAD ? HTTP_METHOD_GET : request->method;

    *allowed = 0;
    for (size_t i = 0; segment_count > 0 && i < router->route_count; i++) {
        const struct router_route *compiled = &router->routes[i];

        if (!route_matches(compiled, segments, segment_count))
            continue;
        if (compiled->route->method == method) {
            take_params(compiled, segments, request);
            return compiled->route;
        }
        *allowed |= 1u << compiled->route->method;
    }
    if (*allowed & (1u << HTTP_METHOD_GET))
        *allowed |= 1u << HTTP_METHOD_HEAD;
    return NULL;
}

void http_router_allow(unsigned allowed, char field[HTTP_ALLOW_SIZE])
{
    static const char *const names[] = {
        [HTTP_METHOD_GET] = "GET",         [HTTP_METHOD_HEAD] = "HEAD",
        [HTTP_METHOD_POST] = "POST",       [HTTP_METHOD_PUT] = "PUT",
        [HTTP_METHOD_PATCH] = "PATCH",     [HTTP_METHOD_DELETE] = "DELETE",
        [HTTP_METHOD_OPTIONS] = "OPTIONS",
    };
    const char *separator = "Allow: ";
    char *at = field;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((allowed & (1u << i)) == 0)
            continue;
        at = stpcpy(stpcpy(at, separator), names[i]);
        separator = ", ";
    }
    strcpy(at, "\r\n");
}
