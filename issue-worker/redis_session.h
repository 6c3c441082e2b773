#ifndef REDIS_SESSION_H
#define REDIS_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/redis/redis_options.h"

/* A blocking connection to the Redis primary, for a thread that may wait. Each step of connecting
 * and each exchange is bounded by options->timeout_ms; between failures it pauses, and does not
 * even try. One thread. */
struct redis_session;

/* How an exchange went. */
enum redis_session_end {
    REDIS_SESSION_DONE,    /* all replies came, and none says that the server can't serve */
    REDIS_SESSION_PARTLY,  /* so too, but some commands were refused */
    REDIS_SESSION_DROPPED, /* the connection was given up; what Redis did is not known */
    REDIS_SESSION_DOWN     /* there is no connection now; nothing was sent */
};

/* options are good (redis_options_check) and outlive the session, and so does without: what a log
 * line about a lost Redis says of the work ("going on without, ..."). Connects with the first
 * exchange. */
struct redis_session *redis_session_new(const struct redis_options *options, const char *without);
void redis_session_free(struct redis_session *session);

/* True: there is a connection, or it is time to try for one. */
bool redis_session_worth_trying(const struct redis_session *session);

/* Connect where needed, send commands (RESP) and wait for that many replies. Takes at most: for
 * each Sentinel and for the server twice the time-out, and twice more for the exchange. */
enum redis_session_end redis_session_exchange(struct redis_session *session, const char *commands,
                                              size_t len, size_t replies);

/* The same with each reply, an error too, handed to took(), in whose call it is valid. */
struct redisReply;
typedef void (*redis_session_reply)(void *cookie, const struct redisReply *reply);
enum redis_session_end redis_session_ask(struct redis_session *session, const char *commands,
                                         size_t len, size_t replies, redis_session_reply took,
                                         void *cookie);

#endif
