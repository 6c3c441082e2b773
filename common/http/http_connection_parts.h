#ifndef HTTP_CONNECTION_PARTS_H
#define HTTP_CONNECTION_PARTS_H

/* The inside of a connection, for the files called http_connection*.c alone. */
#include <stdbool.h>
#include <stdint.h>

#include "common/http/http_connection.h"
#include "common/http/http_exchange_slot.h"
#include "common/http/http_reader.h"
#include "common/http/http_refusal.h"
#include "common/http/http_service.h"
#include "common/http/http_stream.h"

/* A client that has shut down its sending side may still wait for its answer, or be gone: the two
 * look the same. For this long it counts as waiting. */
#define CONNECTION_HALF_CLOSED_MS 1000

enum connection_state {
    CONNECTION_RECEIVING, /* waits for a request, or for the rest of one */
    CONNECTION_PENDING,   /* a handler owes an answer */
    CONNECTION_FLUSHING,  /* the client has not taken all of an answer yet */
    CONNECTION_LINGERING, /* the last answer is sent; input is dropped until the client closes:
                             closing with input unread would destroy the answer on its way */
    CONNECTION_DEAD,      /* closed; freed when the call that works on it returns */
};

struct http_connection {
    struct http_service_link link; /* first: http_service hands it out */
    struct http_service *service;
    struct http_stream stream;
    enum connection_state state;
    enum http_reader_state timed_phase; /* of receiving, that the deadline is for */
    bool working;                       /* a function below this one still needs the memory */
    bool ended;                         /* the client sends no more */
    bool last;                          /* close after the answer */
    int request_count;
    int64_t waits_since_us; /* monotonic: when the wait that the deadline ends began */
    int64_t deadline_us;    /* monotonic; 0: none */
    const struct http_route *route;
    struct http_exchange exchange;
    struct http_reader reader;
};

/* http_connection.c: calls that may close the connection stand between enter and leave, which frees
 * it if they did. */
bool http_connection_enter(struct http_connection *connection);
void http_connection_leave(struct http_connection *connection, bool outer);

/* Close the socket at once, or with a reset. A pending exchange is told. The memory goes too,
 * unless a caller still needs it. */
void http_connection_close(struct http_connection *connection);
void http_connection_abort(struct http_connection *connection);

void http_connection_expire_in(struct http_connection *connection, int64_t now_us, int ms);

/* http_connection_input.c: go on with the input as far as it reaches. */
void http_connection_work(struct http_connection *connection);
extern const struct http_stream_callbacks http_connection_callbacks;

/* http_connection_output.c: is this the last request that the connection may serve? */
bool http_connection_is_last(const struct http_connection *connection);

/* Answer with an error of this layer's own. fields: further header lines, or NULL. */
void http_connection_refuse(struct http_connection *connection, const struct http_refusal *refusal,
                            const char *fields);

/* The kernel has all of the answer: wait for the next request, or for the client to close. */
void http_connection_answered(struct http_connection *connection, int64_t now_us);

#endif
