#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <hiredis.h>

#include "common/redis/redis_options.h"

struct event_base;

/* One connection to Redis on an event loop. It connects by itself, again and again with growing pauses,
 * and gives a connection up that does not answer in time. Loop thread only. */
struct redis_link;

/* A reply to one command, valid in the call only; NULL: none came. Called exactly once a command. */
typedef void (*redis_link_reply)(void *cookie, const redisReply *reply);

/* connected (may be NULL) is called each time the link is up. */
struct redis_link *redis_link_new(struct event_base *base, const struct redis_options *options,
                                  void (*connected)(void *cookie), void *cookie);

/* Open commands get their NULL reply. */
void redis_link_free(struct redis_link *link);

bool redis_link_up(const struct redis_link *link);

/* Send a command. reply may be NULL: fire and forget. When the link is down reply is called with NULL
 * before this returns. */
void redis_link_command(struct redis_link *link, redis_link_reply reply, void *cookie, size_t count,
                        const char *const *parts, const size_t *lengths);

/* Subscribe this link to a channel, now and after each reconnect; it is good for nothing else then.
 * message gets each payload. */
void redis_link_subscribe(struct redis_link *link, const char *channel,
                          void (*message)(void *cookie, const char *text, size_t len), void *cookie);

#endif
