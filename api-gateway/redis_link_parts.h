#ifndef REDIS_LINK_PARTS_H
#define REDIS_LINK_PARTS_H

/* The inside of a link; for redis_link.c, which sends commands, and redis_link_connect.c, which
 * finds the server and keeps the connection to it. */

#include <stdint.h>
#include <sys/queue.h>
#include <event2/event.h>
#include <hiredis/async.h>

#include "api-gateway/redis_link.h"
#include "common/redis/redis_backoff.h"
#include "common/redis/redis_search.h"
#include "common/redis/redis_tls.h"

enum link_state {
    LINK_DOWN,    /* no context; the timer connects to the search's target */
    LINK_ASKING,  /* a Sentinel, until it has answered; the timer gives up */
    LINK_OPENING, /* a server, until it is known to be the one; the timer gives up */
    LINK_UP       /* the timer looks at the oldest command, and sends something now and then */
};

/* A command that waits for its reply. */
struct redis_command {
    struct redis_link *link;
    redis_link_reply reply;
    void *cookie;
    int64_t sent_us;
    STAILQ_ENTRY(redis_command) next;
};

STAILQ_HEAD(redis_commands, redis_command);

struct redis_link {
    struct event_base *base;
    const struct redis_options *options;
    struct redis_tls *tls;      /* NULL: off */
    struct redis_search search; /* all its addresses are numeric */
    struct redis_backoff backoff;
    void (*connected)(void *cookie);
    void *cookie;
    const char *channel; /* NULL: not a subscriber */
    void (*message)(void *cookie, const char *text, size_t len);
    void *message_cookie;
    enum link_state state;
    redisAsyncContext *context; /* its data is the link; NULL once the link has let go of it */
    struct event *timer;
    bool told_down;
    int64_t up_us;              /* since when it is up */
    int64_t heard_us;           /* when the server last said something */
    int64_t beat_us;            /* when it was last asked for a sign of life, or came up */
    bool beat_open;             /* of a subscriber: and has given none since */
    struct redis_commands open; /* oldest first, as Redis answers them */
    size_t open_count;
};

/* Begin to look for the server. */
void redis_link_connect(struct redis_link *link);

/* Leave the server, and look for it again after a pause. Open commands get their NULL reply,
 * from within a reply callback after that has returned, otherwise now. */
void redis_link_give_up(struct redis_link *link, const char *why);

#endif
