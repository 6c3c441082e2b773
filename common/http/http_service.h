#ifndef HTTP_SERVICE_H
#define HTTP_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/http/http_date.h"
#include "common/http/http_refusal.h"
#include "common/http/http_router.h"
#include "common/http/http_server.h"
#include "common/http/http_stream.h"
#include "common/base/strbuf.h"

struct event_base;

/* The place of a connection in its service's list. */
struct http_service_link {
    struct http_service_link *next;
    struct http_service_link *previous;
};

/* What all connections of one server share. Set up by http_server.c; the list belongs to
 * http_service.c, the rest is read and used by connections. */
struct http_service {
    struct event_base *base;
    struct http_server_config config;
    struct http_router *router;
    void *context;
    void (*answered)(void *context, const struct http_route *route,
                     const struct http_request *request, int status, int64_t duration_us);
    void (*add_problem_members)(const struct http_request *request, const char *code,
                                struct strbuf *out);              /* NULL: none */
    bool (*admit)(void *context, struct http_exchange *exchange); /* NULL: all */
    void (*released)(struct http_service *service);               /* a connection was closed */
    bool draining;

    struct http_service_link *first; /* the oldest */
    struct http_service_link *last;
    struct http_service_link *cursor; /* the next one to be visited */
    size_t connection_count;
    size_t pending_count; /* requests whose handler owes an answer */
    size_t places_wanted; /* connections to be closed in this check, because all are taken */

    char room[HTTP_STREAM_ROOM]; /* into which all connections read */
    struct http_date date;
    struct strbuf output;  /* the answer being written */
    struct strbuf problem; /* the problem document being written */
    struct strbuf problem_members;
};

void http_service_add(struct http_service *service, struct http_service_link *link);
void http_service_remove(struct http_service *service, struct http_service_link *link);

/* Write a problem document to service->problem: members (ready JSON, or NULL) and what the server
 * adds. Of a request that was refused early all but its method may be missing. */
void http_service_write_problem(struct http_service *service, const struct http_request *request,
                                const struct http_refusal *refusal, const char *members);

/* Call visit for every connection, oldest first; visit may remove any of them. */
void http_service_each(struct http_service *service,
                       void (*visit)(struct http_service_link *link, int64_t now_us),
                       int64_t now_us);

#endif
