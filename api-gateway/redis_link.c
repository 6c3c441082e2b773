#include "api-gateway/redis_link.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <event2/event.h>
#include <event2/util.h>
#include <hiredis/async.h>
#include <hiredis/adapters/libevent.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define RECONNECT_MIN_US 50000
#define RECONNECT_MAX_US 2000000

enum link_state {
    LINK_DOWN,    /* no context; the timer connects */
    LINK_OPENING, /* connecting, then waiting for the first answer; the timer gives up */
    LINK_UP       /* the timer, while commands are open, looks at the oldest */
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
    char address[NI_MAXHOST]; /* numeric */
    void (*connected)(void *cookie);
    void *cookie;
    const char *channel; /* NULL: not a subscriber */
    void (*message)(void *cookie, const char *text, size_t len);
    void *message_cookie;
    enum link_state state;
    redisAsyncContext *context; /* its data is the link; NULL once the link has let go of it */
    struct event *timer;
    int64_t backoff_us;
    bool told_down;
    struct redis_commands open; /* oldest first, as Redis answers them */
};

static void set_timer(struct redis_link *link, int64_t delay_us)
{
    const struct timeval delay = {delay_us / 1000000, delay_us % 1000000};

    event_add(link->timer, &delay);
}

static int64_t timeout_us(const struct redis_link *link)
{
    return INT64_C(1000) * link->options->timeout_ms;
}

/* Pauses double, and differ, so that all gateways don't come back in one moment. */
static int64_t next_pause_us(struct redis_link *link)
{
    int64_t half_us;
    uint32_t random;

    link->backoff_us = link->backoff_us ? 2 * link->backoff_us : RECONNECT_MIN_US;
    if (link->backoff_us > RECONNECT_MAX_US)
        link->backoff_us = RECONNECT_MAX_US;
    half_us = link->backoff_us / 2;
    evutil_secure_rng_get_bytes(&random, sizeof random);
    return half_us + random % (half_us + 1);
}

/* The context is no longer ours: it frees itself, or the caller does. */
static void let_go(struct redis_link *link, const char *why)
{
    if (!link->told_down)
        log_warn("redis_down", "%s:%d: %s; going on without", link->address,
                 (int)link->options->port, why);
    link->told_down = true;
    if (link->context)
        link->context->data = NULL;
    link->context = NULL;
    link->state = LINK_DOWN;
    set_timer(link, next_pause_us(link));
}

/* Open commands get their NULL from hiredis. In one of its reply callbacks it frees the context
 * when that returns. */
static void give_up(struct redis_link *link, const char *why)
{
    redisAsyncContext *context = link->context;

    let_go(link, why);
    redisAsyncFree(context);
}

static void went_up(struct redis_link *link)
{
    link->state = LINK_UP;
    link->backoff_us = 0;
    event_del(link->timer);
    log_info("redis_up", "%s:%d", link->address, (int)link->options->port);
    link->told_down = false;
    if (link->connected)
        link->connected(link->cookie);
}

static void ping_done(redisAsyncContext *context, void *reply, void *cookie)
{
    const redisReply *answer = reply;

    (void)cookie;
    if (!context->data || !answer)
        return;
    if (answer->type == REDIS_REPLY_ERROR)
        give_up(context->data, answer->str);
    else
        went_up(context->data);
}

/* Gets the confirmation, {"subscribe", channel, 1}, then {"message", channel, payload}. */
static void subscription_done(redisAsyncContext *context, void *reply, void *cookie)
{
    const redisReply *answer = reply;
    struct redis_link *link = context->data;

    (void)cookie;
    if (!link || !answer)
        return;
    if (answer->type == REDIS_REPLY_ERROR) {
        give_up(link, answer->str);
        return;
    }
    if (answer->elements != 3 || answer->element[0]->type != REDIS_REPLY_STRING)
        return;
    if (strcmp(answer->element[0]->str, "subscribe") == 0 && link->state == LINK_OPENING)
        went_up(link);
    else if (strcmp(answer->element[0]->str, "message") == 0 &&
             answer->element[2]->type == REDIS_REPLY_STRING)
        link->message(link->message_cookie, answer->element[2]->str,
                      (size_t)answer->element[2]->len);
}

/* A failure to send either is found by the timer: nothing may be freed in here. */
static void connect_done(const redisAsyncContext *context, int status)
{
    struct redis_link *link = context->data;

    if (!link)
        return;
    if (status != REDIS_OK) {
        let_go(link, context->c.errstr);
        return;
    }
    redisEnableKeepAlive(&link->context->c);
    if (link->channel)
        redisAsyncCommand(link->context, subscription_done, NULL, "SUBSCRIBE %s", link->channel);
    else
        redisAsyncCommand(link->context, ping_done, NULL, "PING");
}

static void disconnected(const redisAsyncContext *context, int status)
{
    struct redis_link *link = context->data;

    if (link)
        let_go(link, status == REDIS_OK ? "closed" : context->c.errstr);
}

static void link_connect(struct redis_link *link)
{
    redisAsyncContext *context = redisAsyncConnect(link->address, (int)link->options->port);

    CHECK(context, "out of memory");
    link->context = context;
    if (context->err) {
        give_up(link, context->c.errstr);
        return;
    }
    CHECK(redisLibeventAttach(context, link->base) == REDIS_OK, "hiredis has another loop");
    context->data = link;
    redisAsyncSetConnectCallback(context, connect_done);
    redisAsyncSetDisconnectCallback(context, disconnected);
    link->state = LINK_OPENING;
    set_timer(link, timeout_us(link));
}

/* The oldest command decides: younger ones have waited less. */
static void check_oldest(struct redis_link *link)
{
    const struct redis_command *oldest = STAILQ_FIRST(&link->open);
    int64_t left_us;

    if (!oldest)
        return;
    left_us = oldest->sent_us + timeout_us(link) - clock_monotonic_us();
    if (left_us > 0)
        set_timer(link, left_us);
    else
        give_up(link, "no answer in time");
}

static void link_timer(evutil_socket_t fd, short what, void *cookie)
{
    struct redis_link *link = cookie;

    (void)fd;
    (void)what;
    switch (link->state) {
    case LINK_DOWN:
        link_connect(link);
        break;
    case LINK_OPENING:
        give_up(link, "can't connect in time");
        break;
    case LINK_UP:
        check_oldest(link);
        break;
    }
}

static bool resolve(const char *host, char *address, size_t size)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int error = getaddrinfo(host, NULL, &hints, &found);

    if (error == 0) {
        error = getnameinfo(found->ai_addr, found->ai_addrlen, address, (socklen_t)size, NULL, 0,
                            NI_NUMERICHOST);
        freeaddrinfo(found);
    }
    if (error != 0)
        log_error("redis_host_unknown", "%s: %s; going on without Redis until the next start", host,
                  gai_strerror(error));
    return error == 0;
}

struct redis_link *redis_link_new(struct event_base *base, const struct redis_options *options,
                                  void (*connected)(void *cookie), void *cookie)
{
    struct redis_link *link = calloc(1, sizeof *link);

    CHECK(link, "out of memory");
    link->base = base;
    link->options = options;
    link->connected = connected;
    link->cookie = cookie;
    STAILQ_INIT(&link->open);
    link->timer = event_new(base, -1, 0, link_timer, link);
    CHECK(link->timer, "out of memory");
    if (resolve(options->host, link->address, sizeof link->address))
        link_connect(link);
    return link;
}

void redis_link_free(struct redis_link *link)
{
    redisAsyncContext *context;

    if (!link)
        return;
    context = link->context;
    link->context = NULL;
    link->state = LINK_DOWN;
    if (context) {
        context->data = NULL;
        redisAsyncFree(context);
    }
    event_free(link->timer);
    free(link);
}

bool redis_link_up(const struct redis_link *link)
{
    return link->state == LINK_UP;
}

static void command_done(redisAsyncContext *context, void *reply, void *cookie)
{
    struct redis_command *command = cookie;

    (void)context;
    CHECK(STAILQ_FIRST(&command->link->open) == command, "replies come in the commands' order");
    STAILQ_REMOVE_HEAD(&command->link->open, next);
    if (command->reply)
        command->reply(command->cookie, reply);
    free(command);
}

void redis_link_command(struct redis_link *link, redis_link_reply reply, void *cookie, size_t count,
                        const char *const *parts, const size_t *lengths)
{
    struct redis_command *command;

    CHECK(!link->channel, "a subscriber sends no commands");
    if (link->state != LINK_UP) {
        if (reply)
            reply(cookie, NULL);
        return;
    }
    command = calloc(1, sizeof *command);
    CHECK(command, "out of memory");
    *command = (struct redis_command){
        .link = link, .reply = reply, .cookie = cookie, .sent_us = clock_monotonic_us()};
    /* hiredis refuses while it takes a broken connection down. */
    if (redisAsyncCommandArgv(link->context, command_done, command, (int)count,
                              (const char **)parts, lengths) != REDIS_OK) {
        free(command);
        if (reply)
            reply(cookie, NULL);
        return;
    }
    if (STAILQ_EMPTY(&link->open) && !event_pending(link->timer, EV_TIMEOUT, NULL))
        set_timer(link, timeout_us(link));
    STAILQ_INSERT_TAIL(&link->open, command, next);
}

void redis_link_subscribe(struct redis_link *link, const char *channel,
                          void (*message)(void *cookie, const char *text, size_t len), void *cookie)
{
    CHECK(link->state != LINK_UP, "subscribe before the loop turns");
    link->channel = channel;
    link->message = message;
    link->message_cookie = cookie;
}
