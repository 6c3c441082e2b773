#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <hiredis.h>

#include "common/redis/redis_options.h"

struct event_base;

/* One connection to Redis on an event loop. It finds the server by itself, by Sentinels where there
 * are some, again and again with growing pauses. A connection is given up when an answer takes
 * longer than options->timeout_ms, so that a late one is never taken for another's; when the server
 * says that it is no primary or can't serve; and when a silent server gives no sign of life, for
 * which it is asked every second. While the link is down nobody waits for it. Loop thread only. */
struct redis_link;

/* A reply to one command, valid in the call only; NULL: none came. Called exactly once a command.
 * It may send commands, and must not free the link. */
typedef void (*redis_link_reply)(void *cookie, const redisReply *reply);

/* connected (may be NULL) is called each time the link is up: Redis has answered a first PING on a
 * new connection (where Sentinels are, ROLE), or has confirmed the subscription. Never from within
 * this call. A host that is a name is resolved here, once, and that may block: an event loop can't
 * wait for a name server later. A name that can't be resolved now is not tried again (logged).
 * options are good (redis_options_check) and outlive the link. */
struct redis_link *redis_link_new(struct event_base *base, const struct redis_options *options,
                                  void (*connected)(void *cookie), void *cookie);

/* Open commands get their NULL reply. Not from within a callback of the link; before its loop is
 * freed. NULL is allowed. */
void redis_link_free(struct redis_link *link);

bool redis_link_up(const struct redis_link *link);

/* Send a command. reply may be NULL: fire and forget. When the link is down, or 8192 commands are
 * under way, reply is called with NULL before this returns. */
void redis_link_command(struct redis_link *link, redis_link_reply reply, void *cookie, size_t count,
                        const char *const *parts, const size_t *lengths);

/* Subscribe this link to a channel, now and after each reconnect; it is good for nothing else then.
 * Call it right after redis_link_new, before the loop turns. message gets each payload; channel is
 * kept by pointer. What is published while the link is down is lost: `connected` is the time to
 * catch up. */
void redis_link_subscribe(struct redis_link *link, const char *channel,
                          void (*message)(void *cookie, const char *text, size_t len),
                          void *cookie);

#endif
