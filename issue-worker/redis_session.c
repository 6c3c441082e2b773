#include "issue-worker/redis_session.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <hiredis.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/metrics/metrics.h"
#include "common/redis/redis_backoff.h"
#include "common/redis/redis_fault.h"
#include "common/redis/redis_search.h"
#include "common/redis/redis_tls.h"

struct redis_session {
    const struct redis_options *options;
    struct redis_tls *tls; /* NULL: off */
    const char *without;
    struct redis_search search;
    struct redis_backoff backoff;
    redisContext *context; /* to the primary; NULL: none */
    int64_t up_us;         /* since when there is one */
    int64_t retry_us;      /* not before */
    bool told_down;
    struct metric *down;
    struct metric *lost;
};

struct redis_session *redis_session_new(const struct redis_options *options, const char *without)
{
    struct redis_session *session = calloc(1, sizeof *session);
    struct redis_search *search;

    CHECK(session, "out of memory");
    session->options = options;
    session->tls = redis_tls_new(options);
    session->without = without;
    search = &session->search;
    CHECK(redis_address_make(options->host, strlen(options->host), options->port, &search->server),
          "--redis-host %s", options->host);
    CHECK(!options->sentinels || redis_address_list_parse(options->sentinels, search->sentinels,
                                                          &search->sentinel_count),
          "--redis-sentinels %s", options->sentinels);
    session->down = metric_gauge("coupon_worker_redis_down", "1: Redis is lost.", NULL);
    session->lost = metric_counter("coupon_worker_redis_lost_total",
                                   "Connections to Redis that failed or were given up.", NULL);
    return session;
}

void redis_session_free(struct redis_session *session)
{
    if (!session)
        return;
    if (session->context)
        redisFree(session->context);
    redis_tls_free(session->tls);
    free(session);
}

static void give_up(struct redis_session *session, const char *why)
{
    int64_t now_us = clock_monotonic_us();
    const struct redis_address *target = &session->search.target;

    if (!session->told_down)
        log_warn("redis_down", "%s:%d: %s; %s", target->host, (int)target->port, why,
                 session->without);
    session->told_down = true;
    session->retry_us = now_us + redis_backoff_next(&session->backoff,
                                                    session->context ? now_us - session->up_us : 0,
                                                    (uint32_t)random());
    if (session->context)
        redisFree(session->context);
    session->context = NULL;
    metric_set(session->down, 1);
    metric_add(session->lost, 1);
}

static int64_t deadline_us(const struct redis_session *session)
{
    return clock_monotonic_us() + INT64_C(1000) * session->options->timeout_ms;
}

/* hiredis waits for one piece at a time; a server that drips is given up all the same. */
static const char *write_all(redisContext *context, int64_t until_us)
{
    int done = 0;

    while (!done) {
        if (redisBufferWrite(context, &done) != REDIS_OK)
            return context->errstr;
        if (!done && clock_monotonic_us() >= until_us)
            return "it does not take what is written";
    }
    return NULL;
}

/* Returns NULL with a reply, which is freed with freeReplyObject, or what is wrong. */
static const char *read_reply(redisContext *context, int64_t until_us, redisReply **reply)
{
    *reply = NULL;
    for (;;) {
        if (redisReaderGetReply(context->reader, (void **)reply) != REDIS_OK)
            return context->reader->errstr;
        if (*reply)
            return NULL;
        if (clock_monotonic_us() >= until_us)
            return "no answer in time";
        if (redisBufferRead(context) != REDIS_OK)
            return errno == EAGAIN || errno == ETIMEDOUT ? "no answer in time" : context->errstr;
    }
}

/* One command of a new connection. */
static const char *ask(const struct redis_session *session, redisContext *context, int argc,
                       const char **argv, redisReply **reply)
{
    int64_t until_us = deadline_us(session);
    const char *problem;

    redisAppendCommandArgv(context, argc, argv, NULL);
    problem = write_all(context, until_us);
    if (!problem)
        problem = read_reply(context, until_us, reply);
    return problem;
}

static const char *log_in(const struct redis_session *session, redisContext *context,
                          const char *username, const char *password, redisReply **reply)
{
    const char *parts[] = {"AUTH", username, password};
    const char *short_parts[] = {"AUTH", password};
    const char *problem;

    if (!password)
        return NULL;
    problem = username ? ask(session, context, 3, parts, reply)
                       : ask(session, context, 2, short_parts, reply);
    return !problem && (*reply)->type == REDIS_REPLY_ERROR ? (*reply)->str : problem;
}

/* Connect to the search's target, log in, and send its first command. Returns what is wrong, which
 * lives as long as the context and the reply, or NULL. */
static const char *meet(const struct redis_session *session, redisContext **context,
                        redisReply **reply)
{
    const struct redis_options *options = session->options;
    const struct redis_address *target = &session->search.target;
    bool sentinel = session->search.step == REDIS_STEP_SENTINEL;
    struct timeval timeout = {.tv_sec = options->timeout_ms / 1000,
                              .tv_usec = (options->timeout_ms % 1000) * 1000};
    const char *where[] = {"SENTINEL", "get-master-addr-by-name", options->primary_name};
    const char *greeting[] = {session->search.sentinel_count ? "ROLE" : "PING"};
    const char *problem;

    *context = redisConnectWithTimeout(target->host, target->port, timeout);
    CHECK(*context, "out of memory");
    if ((*context)->err || redisSetTimeout(*context, timeout) != REDIS_OK)
        return (*context)->errstr;
    problem = redis_tls_begin(session->tls, *context, target->host);
    if (problem)
        return problem;
    problem = sentinel ? log_in(session, *context, options->sentinel_username,
                                options->sentinel_password, reply)
                       : log_in(session, *context, options->username, options->password, reply);
    if (problem)
        return problem;
    if (*reply)
        freeReplyObject(*reply);
    *reply = NULL;
    problem = sentinel ? ask(session, *context, 3, where, reply)
                       : ask(session, *context, 1, greeting, reply);
    return !problem && (*reply)->type == REDIS_REPLY_ERROR ? (*reply)->str : problem;
}

/* One step of the search. True: there is a further target, or the server is found. */
static bool step(struct redis_session *session)
{
    struct redis_search *search = &session->search;
    struct redis_address address;
    redisContext *context = NULL;
    redisReply *reply = NULL;
    const char *problem = meet(session, &context, &reply);
    bool found = false;
    bool on;

    if (search->step == REDIS_STEP_SENTINEL) {
        if (!problem && !redis_search_read_address(reply, &address))
            problem = "this Sentinel does not know the primary's name";
        on = redis_search_heard(search, problem ? NULL : &address);
    } else {
        if (!problem && search->sentinel_count && !redis_search_is_primary(reply))
            problem = "the Sentinels name it, but it is not the primary";
        on = found = !problem;
    }
    if (!on)
        give_up(session, problem ? problem : "no Sentinel knows the primary");
    if (reply)
        freeReplyObject(reply);
    if (found)
        session->context = context;
    else
        redisFree(context);
    return on;
}

static bool connect(struct redis_session *session)
{
    if (session->context)
        return true;
    if (!redis_session_worth_trying(session))
        return false;
    redis_search_begin(&session->search);
    while (!session->context)
        if (!step(session))
            return false;
    session->up_us = clock_monotonic_us();
    metric_set(session->down, 0);
    if (session->told_down)
        log_info("redis_up", "%s:%d", session->search.target.host,
                 (int)session->search.target.port);
    session->told_down = false;
    return true;
}

bool redis_session_worth_trying(const struct redis_session *session)
{
    return session->context || clock_monotonic_us() >= session->retry_us;
}

static enum redis_session_end drop(struct redis_session *session, const char *why)
{
    give_up(session, why);
    return REDIS_SESSION_DROPPED;
}

enum redis_session_end redis_session_exchange(struct redis_session *session, const char *commands,
                                              size_t len, size_t replies)
{
    return redis_session_ask(session, commands, len, replies, NULL, NULL);
}

enum redis_session_end redis_session_ask(struct redis_session *session, const char *commands,
                                         size_t len, size_t replies, redis_session_reply took,
                                         void *cookie)
{
    enum redis_session_end end = REDIS_SESSION_DONE;
    int64_t until_us;
    const char *problem;

    if (!connect(session))
        return REDIS_SESSION_DOWN;
    until_us = deadline_us(session);
    redisAppendFormattedCommand(session->context, commands, len);
    problem = write_all(session->context, until_us);
    if (problem)
        return drop(session, problem);
    while (replies-- > 0) {
        redisReply *reply;

        problem = read_reply(session->context, until_us, &reply);
        if (problem)
            return drop(session, problem);
        if (took)
            took(cookie, reply);
        if (reply->type == REDIS_REPLY_ERROR) {
            log_warn("redis_refused", "%s", reply->str);
            end = REDIS_SESSION_PARTLY;
            if (redis_fault_classify(reply->str) == REDIS_FAULT_SERVER)
                end = drop(session, reply->str);
        }
        freeReplyObject(reply);
        if (end == REDIS_SESSION_DROPPED)
            return end;
    }
    return end;
}
