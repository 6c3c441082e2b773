#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <stdint.h>

#include "common/http/http_answer.h"
#include "common/http/http_request.h"
#include "common/http/http_service.h"

/* One client connection: reads requests one after the other, hands each to its route's handler,
 * sends the answer, and keeps the deadlines. Loop thread only. */
struct http_connection;

/* Serve an accepted, non-blocking socket, which belongs to the connection from now on. It adds
 * itself to the service's list and takes itself off it. */
void http_connection_start(struct http_service *service, int fd);

struct http_service *http_connection_service(const struct http_connection *connection);
const struct http_request *http_connection_request(const struct http_connection *connection);

/* See http_exchange_peer. */
void http_connection_peer(const struct http_connection *connection, unsigned char address[16]);

/* See http_exchange_prefetch. */
void http_connection_prefetch(const struct http_connection *connection);

/* Send the answer of the pending exchange (to_head and close are set here). */
void http_connection_answer(struct http_connection *connection, struct http_answer *answer);

/* Apply the deadlines of all connections. */
void http_connection_check_all(struct http_service *service, int64_t now_us);

/* service->draining was set: close those on which no request has begun. */
void http_connection_drain_all(struct http_service *service);

/* Close every connection; pending exchanges are told that their client is gone. */
void http_connection_close_all(struct http_service *service);

#endif
