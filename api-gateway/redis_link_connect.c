#include "api-gateway/redis_link_parts.h"

#include <stdio.h>
#include <string.h>
#include <event2/util.h>
#include <hiredis/adapters/libevent.h>

#include "api-gateway/redis_notice.h"
#include "common/base/check.h"
#include "common/base/clock.h"

#define BEAT_US INT64_C(1000000) /* a silent server is asked for a sign of life so often */

static void set_timer(struct redis_link *link, int64_t delay_us)
{
    const struct timeval delay = {delay_us / 1000000, delay_us % 1000000};

    event_add(link->timer, &delay);
}

static int64_t timeout_us(const struct redis_link *link)
{
    return INT64_C(1000) * link->options->timeout_ms;
}

static int64_t pause_us(struct redis_link *link)
{
    int64_t up_us = link->state == LINK_UP ? clock_monotonic_us() - link->up_us : 0;
    uint32_t random;

    evutil_secure_rng_get_bytes(&random, sizeof random);
    return redis_backoff_next(&link->backoff, up_us, random);
}

/* Go to the search's next target, at once or after a pause where it begins anew. The context is no
 * longer ours: it frees itself, or the caller does. */
static void go_on(struct redis_link *link, bool at_once, const char *why)
{
    if (!at_once && !link->told_down) {
        redis_notice_down(&link->search.target, why);
        link->told_down = true;
    }
    set_timer(link, at_once ? 0 : pause_us(link));
    if (!at_once)
        redis_search_begin(&link->search);
    if (link->context)
        link->context->data = NULL;
    link->context = NULL;
    link->state = LINK_DOWN;
}

static void let_go(struct redis_link *link, const char *why)
{
    go_on(link, link->state == LINK_ASKING && redis_search_heard(&link->search, NULL), why);
}

void redis_link_give_up(struct redis_link *link, const char *why)
{
    redisAsyncContext *context = link->context;

    let_go(link, why);
    redisAsyncFree(context);
}

static void went_up(struct redis_link *link)
{
    link->state = LINK_UP;
    link->up_us = link->heard_us = link->beat_us = clock_monotonic_us();
    link->beat_open = false;
    set_timer(link, timeout_us(link));
    redis_notice_up(&link->search.target, link->told_down);
    link->told_down = false;
    if (link->connected)
        link->connected(link->cookie);
}

/* Gets the confirmations, {"subscribe", channel, 1}, and {"message", channel, payload}. */
static void subscription_done(redisAsyncContext *context, void *reply, void *cookie)
{
    const redisReply *answer = reply;
    struct redis_link *link = context->data;

    (void)cookie;
    if (!link || !answer)
        return;
    if (answer->type == REDIS_REPLY_ERROR) {
        redis_link_give_up(link, answer->str);
        return;
    }
    link->heard_us = clock_monotonic_us();
    link->beat_open = false;
    if (answer->elements != 3 || answer->element[0]->type != REDIS_REPLY_STRING)
        return;
    if (strcmp(answer->element[0]->str, "subscribe") == 0 && link->state == LINK_OPENING)
        went_up(link);
    else if (strcmp(answer->element[0]->str, "message") == 0 &&
             answer->element[2]->type == REDIS_REPLY_STRING)
        link->message(link->message_cookie, answer->element[2]->str,
                      (size_t)answer->element[2]->len);
}

static void subscribe(struct redis_link *link)
{
    redisAsyncCommand(link->context, subscription_done, NULL, "SUBSCRIBE %s", link->channel);
}

/* The answer to PING, or to ROLE where Sentinels named the server. */
static void greeted(redisAsyncContext *context, void *reply, void *cookie)
{
    const redisReply *answer = reply;
    struct redis_link *link = context->data;

    (void)cookie;
    if (!link || !answer)
        return;
    if (answer->type == REDIS_REPLY_ERROR)
        redis_link_give_up(link, answer->str);
    else if (link->search.sentinel_count && !redis_search_is_primary(answer))
        redis_link_give_up(link, "the Sentinels name it, but it is not the primary");
    else if (link->channel)
        subscribe(link);
    else
        went_up(link);
}

static void named(redisAsyncContext *context, void *reply, void *cookie)
{
    const redisReply *answer = reply;
    struct redis_link *link = context->data;
    struct redis_address address;
    unsigned char binary[sizeof(struct in6_addr)];

    (void)cookie;
    if (!link || !answer)
        return;
    if (!redis_search_read_address(answer, &address)) {
        redis_link_give_up(link, answer->type == REDIS_REPLY_ERROR
                                     ? answer->str
                                     : "this Sentinel does not know the primary's name");
    } else if (evutil_inet_pton(AF_INET, address.host, binary) != 1 &&
               evutil_inet_pton(AF_INET6, address.host, binary) != 1) {
        redis_link_give_up(link, "this Sentinel names a host; it must name a numeric address");
    } else {
        go_on(link, redis_search_heard(&link->search, &address), "no Sentinel knows the primary");
        redisAsyncFree(context);
    }
}

/* Find out whether this is the one, and whether it answers. */
static void introduce(struct redis_link *link)
{
    if (link->state == LINK_ASKING)
        redisAsyncCommand(link->context, named, NULL, "SENTINEL get-master-addr-by-name %s",
                          link->options->primary_name);
    else if (link->search.sentinel_count)
        redisAsyncCommand(link->context, greeted, NULL, "ROLE");
    else if (link->channel)
        subscribe(link);
    else
        redisAsyncCommand(link->context, greeted, NULL, "PING");
}

static void logged_in(redisAsyncContext *context, void *reply, void *cookie)
{
    const redisReply *answer = reply;

    (void)cookie;
    if (!context->data || !answer)
        return;
    if (answer->type == REDIS_REPLY_ERROR)
        redis_link_give_up(context->data, answer->str);
    else
        introduce(context->data);
}

/* One step after the other's reply: hiredis takes all replies for messages once SUBSCRIBE is sent.
 */
static void log_in(struct redis_link *link)
{
    const struct redis_options *options = link->options;
    bool asking = link->state == LINK_ASKING;
    const char *username = asking ? options->sentinel_username : options->username;
    const char *password = asking ? options->sentinel_password : options->password;

    if (!password)
        introduce(link);
    else if (username)
        redisAsyncCommand(link->context, logged_in, NULL, "AUTH %s %s", username, password);
    else
        redisAsyncCommand(link->context, logged_in, NULL, "AUTH %s", password);
}

/* A failure to send is found by the timer: nothing may be freed in here. */
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
    log_in(link);
}

static void disconnected(const redisAsyncContext *context, int status)
{
    struct redis_link *link = context->data;

    if (link)
        let_go(link, status == REDIS_OK ? "closed" : context->c.errstr);
}

static void open_context(struct redis_link *link)
{
    const struct redis_address *target = &link->search.target;
    redisAsyncContext *context = redisAsyncConnect(target->host, target->port);
    const char *problem;

    CHECK(context, "out of memory");
    link->context = context;
    link->state = link->search.step == REDIS_STEP_SENTINEL ? LINK_ASKING : LINK_OPENING;
    if (context->err) {
        redis_link_give_up(link, context->c.errstr);
        return;
    }
    problem = redis_tls_begin(link->tls, &context->c, target->host);
    if (problem) {
        redis_link_give_up(link, problem);
        return;
    }
    CHECK(redisLibeventAttach(context, link->base) == REDIS_OK, "hiredis has another loop");
    context->data = link;
    redisAsyncSetConnectCallback(context, connect_done);
    redisAsyncSetDisconnectCallback(context, disconnected);
    set_timer(link, timeout_us(link));
}

static void beat_done(void *cookie, const redisReply *reply)
{
    struct redis_link *link = cookie;

    if (reply && link->state == LINK_UP && link->search.sentinel_count &&
        !redis_search_is_primary(reply))
        redis_link_give_up(link, "it is not the primary any more");
}

static bool is_beat_due(const struct redis_link *link, int64_t now_us)
{
    if (link->beat_open || now_us - link->beat_us < BEAT_US)
        return false;
    return now_us - link->heard_us >= BEAT_US || (link->search.sentinel_count && !link->channel);
}

/* A sign of life; where Sentinels are, also that it still is the primary. A subscriber may say
 * nothing but SUBSCRIBE, which does no harm and is confirmed. */
static void beat(struct redis_link *link, int64_t now_us)
{
    const char *const part = link->search.sentinel_count ? "ROLE" : "PING";
    const size_t len = strlen(part);

    link->beat_us = now_us;
    if (link->channel) {
        link->beat_open = true;
        subscribe(link);
    } else {
        redis_link_command(link, beat_done, link, 1, &part, &len);
    }
}

/* The oldest command decides: younger ones have waited less. */
static void look(struct redis_link *link)
{
    const struct redis_command *oldest = STAILQ_FIRST(&link->open);
    int64_t now_us = clock_monotonic_us();
    int64_t left_us = timeout_us(link);

    if (oldest)
        left_us += oldest->sent_us - now_us;
    else if (link->beat_open)
        left_us += link->beat_us - now_us;
    if (left_us <= 0) {
        redis_notice_timeout();
        redis_link_give_up(link, "no answer in time");
        return;
    }
    set_timer(link, left_us);
    if (is_beat_due(link, now_us))
        beat(link, now_us);
}

static void timer(evutil_socket_t fd, short what, void *cookie)
{
    struct redis_link *link = cookie;

    (void)fd;
    (void)what;
    switch (link->state) {
    case LINK_DOWN:
        open_context(link);
        break;
    case LINK_ASKING:
    case LINK_OPENING:
        redis_notice_timeout();
        redis_link_give_up(link, "can't connect in time");
        break;
    case LINK_UP:
        look(link);
        break;
    }
}

void redis_link_connect(struct redis_link *link)
{
    link->timer = event_new(link->base, -1, 0, timer, link);
    CHECK(link->timer, "out of memory");
    if (link->search.sentinel_count || link->search.server.port) {
        redis_search_begin(&link->search);
        open_context(link);
    }
}
