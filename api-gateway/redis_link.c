#include "api-gateway/redis_link.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "api-gateway/redis_link_parts.h"
#include "api-gateway/redis_notice.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/redis/redis_fault.h"

#define OPEN_MAX 8192 /* commands under way; more than that are done without Redis */

/* Replace a name by its number; port 0 where it has none. */
static void resolve(struct redis_address *address)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char number[NI_MAXHOST] = "";
    int error = getaddrinfo(address->host, NULL, &hints, &found);

    if (error == 0) {
        error = getnameinfo(found->ai_addr, found->ai_addrlen, number, sizeof number, NULL, 0,
                            NI_NUMERICHOST);
        freeaddrinfo(found);
    }
    if (error == 0 && redis_address_make(number, strlen(number), address->port, address))
        return;
    log_error("redis_host_unknown", "%s: %s; going on without it until the next start",
              address->host, gai_strerror(error));
    address->port = 0;
}

static void resolve_all(struct redis_search *search, const struct redis_options *options)
{
    size_t count;

    if (!options->sentinels) {
        CHECK(redis_address_make(options->host, strlen(options->host), options->port,
                                 &search->server),
              "--redis-host %s", options->host);
        resolve(&search->server);
        return;
    }
    CHECK(redis_address_list_parse(options->sentinels, search->sentinels, &count),
          "--redis-sentinels %s", options->sentinels);
    for (size_t i = 0; i < count; i++) {
        struct redis_address *address = &search->sentinels[search->sentinel_count];

        *address = search->sentinels[i];
        resolve(address);
        search->sentinel_count += address->port != 0;
    }
}

struct redis_link *redis_link_new(struct event_base *base, const struct redis_options *options,
                                  void (*connected)(void *cookie), void *cookie)
{
    struct redis_link *link = calloc(1, sizeof *link);

    CHECK(link, "out of memory");
    link->base = base;
    link->options = options;
    link->tls = redis_tls_new(options);
    link->connected = connected;
    link->cookie = cookie;
    STAILQ_INIT(&link->open);
    resolve_all(&link->search, options);
    redis_link_connect(link);
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
    if (link->told_down)
        redis_notice_freed();
    event_free(link->timer);
    redis_tls_free(link->tls);
    free(link);
}

bool redis_link_up(const struct redis_link *link)
{
    return link->state == LINK_UP;
}

static void command_done(redisAsyncContext *context, void *reply, void *cookie)
{
    struct redis_command *command = cookie;
    struct redis_link *link = command->link;
    const redisReply *answer = reply;

    CHECK(STAILQ_FIRST(&link->open) == command, "replies come in the commands' order");
    STAILQ_REMOVE_HEAD(&link->open, next);
    link->open_count--;
    if (answer && context->data) {
        link->heard_us = clock_monotonic_us();
        if (answer->type == REDIS_REPLY_ERROR &&
            redis_fault_classify(answer->str) == REDIS_FAULT_SERVER)
            redis_link_give_up(link, answer->str);
    }
    if (command->reply)
        command->reply(command->cookie, reply);
    free(command);
}

/* Give an answer without Redis. */
static void do_without(redis_link_reply reply, void *cookie)
{
    redis_notice_unsent();
    if (reply)
        reply(cookie, NULL);
}

void redis_link_command(struct redis_link *link, redis_link_reply reply, void *cookie, size_t count,
                        const char *const *parts, const size_t *lengths)
{
    struct redis_command *command;

    CHECK(!link->channel, "a subscriber sends no commands");
    if (link->state != LINK_UP || link->open_count == OPEN_MAX) {
        do_without(reply, cookie);
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
        do_without(reply, cookie);
        return;
    }
    STAILQ_INSERT_TAIL(&link->open, command, next);
    link->open_count++;
}

void redis_link_subscribe(struct redis_link *link, const char *channel,
                          void (*message)(void *cookie, const char *text, size_t len), void *cookie)
{
    CHECK(link->state != LINK_UP, "subscribe before the loop turns");
    link->channel = channel;
    link->message = message;
    link->message_cookie = cookie;
}
