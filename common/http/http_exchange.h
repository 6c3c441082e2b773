#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "common/http/http_request.h"

/* One request and its one answer. A handler gets it, and answers at once or later, on the same
 * thread, exactly once. If the client goes away first, the `gone` callback is called instead and
 * the exchange must not be touched any more. */
struct http_exchange;

const struct http_request *http_exchange_request(const struct http_exchange *exchange);

/* The context given to http_server_new: the gateway's I/O thread. */
void *http_exchange_context(const struct http_exchange *exchange);

/* Monotonic microseconds at which the request was complete. */
int64_t http_exchange_started_us(const struct http_exchange *exchange);

/* Ask to be told when the client leaves before the answer: by a reset at once; by the end of its
 * input a second later, because a client that has only shut down its sending side looks the same
 * and gets its answer if it comes within that second. gone(cookie) runs on the loop's thread, never
 * from inside another function of this header; the exchange is freed right after it. Replaces an
 * earlier callback; NULL removes it. */
void http_exchange_on_gone(struct http_exchange *exchange, void (*gone)(void *cookie),
                           void *cookie);

/* The client's end of the connection, an address of IPv6 or an IPv4 one mapped into it
 * (::ffff:192.0.2.1); zeros where the client is gone already. */
void http_exchange_peer(const struct http_exchange *exchange, unsigned char address[16]);

/* It will be answered in a moment: what that needs is asked for from memory meanwhile. */
void http_exchange_prefetch(const struct http_exchange *exchange);

/* Add header lines, each "Name: value\r\n", to whatever the answer will be. They are copied. */
void http_exchange_add_fields(struct http_exchange *exchange, const char *fields);

/* Answer with a JSON body. fields: further header lines, each "Name: value\r\n", concatenated, or
 * NULL. Ends the exchange: the pointer is dead afterwards. */
void http_exchange_json(struct http_exchange *exchange, int status, const char *fields,
                        const char *body, size_t body_len);

/* The same with another media type (metrics, plain text). All answers are "Cache-Control: no-store"
 * unless fields begin with another Cache-Control. */
void http_exchange_reply(struct http_exchange *exchange, int status, const char *content_type,
                         const char *fields, const char *body, size_t body_len);

/* Answer with application/problem+json (RFC 9457): {"type","title","status","code","detail"} and,
 * where members is not NULL, further members written as ready JSON, e.g. "\"outcome\":\"unknown\"".
 * detail is plain text and is escaped. */
void http_exchange_problem(struct http_exchange *exchange, int status, const char *code,
                           const char *detail, const char *fields, const char *members);

#endif
