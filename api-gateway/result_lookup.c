#include "api-gateway/result_lookup.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <event2/event.h>
#include <uthash.h>

#include "api-gateway/result_query.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/metrics/metrics.h"
#include "common/base/log.h"
#include "common/contract/request_id.h"
#include "common/contract/result_key.h"

#define TICK_MS 100
#define PATIENCE_US 2000000
#define REDIS_MAX 128

TAILQ_HEAD(wait_list, result_wait);

/* ASK_REDIS → IN_REDIS → ASK_SQL → IN_SQL; each ends it when the result is found. */
enum question_state { QUESTION_ASK_REDIS, QUESTION_IN_REDIS, QUESTION_ASK_SQL, QUESTION_IN_SQL };

struct question {
    char request_id[REQUEST_ID_MAX + 1];
    size_t id_len;
    enum question_state state;
    int64_t asked_us;
    struct wait_list waiting;
    struct wait_list late; /* came when it was under way: absence has to be asked for again */
    UT_hash_handle hh;
};

struct result_lookup {
    struct redis_link *redis;
    struct sql_pool *pool;
    struct sql_mailbox *mailbox;
    struct result_cache *cache;
    struct metric *in_redis;
    struct metric *in_sql;
    struct metric *nowhere;
    struct question *questions;
    struct event *flush;
    struct event *tick;
    struct result_query *query; /* under way, or NULL */
};

/* The ids of one command, to match its replies. */
struct redis_question {
    struct result_lookup *lookup;
    char hash[RESULT_KEY_SIZE]; /* the key that has them all as fields; "": each has its own key */
    size_t count;
    char ids[REDIS_MAX][REQUEST_ID_MAX + 1];
};

static struct question *find(struct result_lookup *lookup, const char *request_id, size_t len)
{
    struct question *question;

    HASH_FIND(hh, lookup->questions, request_id, len, question);
    return question;
}

static void answer_all(struct wait_list *list, enum result_answer answer, const char *json,
                       size_t len)
{
    struct wait_list now = TAILQ_HEAD_INITIALIZER(now);
    struct result_wait *wait;

    TAILQ_CONCAT(&now, list, next);
    for (wait = TAILQ_FIRST(&now); wait; wait = TAILQ_NEXT(wait, next))
        wait->waiting_in = &now;
    while ((wait = TAILQ_FIRST(&now))) {
        TAILQ_REMOVE(&now, wait, next);
        wait->waiting_in = NULL;
        wait->answered(wait, answer, json, len);
    }
}

static void flush_soon(struct result_lookup *lookup)
{
    event_active(lookup->flush, EV_TIMEOUT, 0);
}

/* End a question; those who came late are asked for once more unless it was found. */
static void end(struct result_lookup *lookup, struct question *question, enum result_answer answer,
                const char *json, size_t len)
{
    struct wait_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
    struct result_wait *wait;

    TAILQ_CONCAT(&waiting, &question->waiting, next);
    if (answer != RESULT_ABSENT)
        TAILQ_CONCAT(&waiting, &question->late, next);
    if (TAILQ_EMPTY(&question->late)) {
        HASH_DEL(lookup->questions, question);
        free(question);
    } else {
        TAILQ_CONCAT(&question->waiting, &question->late, next);
        TAILQ_FOREACH (wait, &question->waiting, next)
            wait->waiting_in = &question->waiting;
        question->state = QUESTION_ASK_REDIS;
        question->asked_us = clock_monotonic_us();
        flush_soon(lookup);
    }
    answer_all(&waiting, answer, json, len);
}

static bool is_final(const char *json, size_t len)
{
    /* A FAILED result may become a decision by an operator's replay. */
    return !memmem(json, len, "\"status\":\"FAILED\"", strlen("\"status\":\"FAILED\""));
}

static void found(struct result_lookup *lookup, struct question *question, struct metric *where,
                  const char *json, size_t len)
{
    metric_add(where, 1);
    if (is_final(json, len))
        result_cache_put(lookup->cache, question->request_id, question->id_len, json, len);
    end(lookup, question, RESULT_FOUND, json, len);
}

static void redis_answered(void *cookie, const redisReply *reply)
{
    struct redis_question *asked = cookie;
    struct result_lookup *lookup = asked->lookup;
    bool usable = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == asked->count;

    for (size_t i = 0; i < asked->count; i++) {
        struct question *question = find(lookup, asked->ids[i], strlen(asked->ids[i]));

        if (!question || question->state != QUESTION_IN_REDIS)
            continue;
        /* A write that was lost may have left what a replay made good since: ask the record. */
        if (usable && reply->element[i]->type == REDIS_REPLY_STRING &&
            is_final(reply->element[i]->str, (size_t)reply->element[i]->len))
            found(lookup, question, lookup->in_redis, reply->element[i]->str,
                  (size_t)reply->element[i]->len);
        else
            question->state = QUESTION_ASK_SQL;
    }
    free(asked);
    flush_soon(lookup);
}

static void send_to_redis(struct result_lookup *lookup, struct redis_question *asked)
{
    char keys[REDIS_MAX][RESULT_KEY_SIZE];
    const char *parts[REDIS_MAX + 2] = {"MGET"};
    size_t lengths[REDIS_MAX + 2], count = 1;

    if (asked->hash[0]) {
        parts[0] = "HMGET";
        parts[count++] = asked->hash;
    }
    for (size_t i = 0; i < asked->count; i++) {
        if (!asked->hash[0])
            result_key(asked->ids[i], keys[i]);
        parts[count++] = asked->hash[0] ? asked->ids[i] : keys[i];
    }
    for (size_t i = 0; i < count; i++)
        lengths[i] = strlen(parts[i]);
    redis_link_command(lookup->redis, redis_answered, asked, count, parts, lengths);
}

static struct redis_question *new_redis_question(struct result_lookup *lookup, const char *hash)
{
    struct redis_question *asked = malloc(sizeof *asked);

    CHECK(asked, "out of memory");
    asked->lookup = lookup;
    asked->count = 0;
    snprintf(asked->hash, sizeof asked->hash, "%s", hash);
    return asked;
}

/* Ids that follow one another go out together when one command can ask for them. */
static void ask_redis(struct result_lookup *lookup)
{
    struct redis_question *asked = NULL;
    struct question *question, *next;

    HASH_ITER (hh, lookup->questions, question, next) {
        char hash[RESULT_KEY_SIZE];

        if (question->state != QUESTION_ASK_REDIS)
            continue;
        if (!redis_link_up(lookup->redis)) {
            question->state = QUESTION_ASK_SQL;
            continue;
        }
        if (!result_key(question->request_id, hash))
            hash[0] = '\0';
        if (asked && (asked->count == REDIS_MAX || strcmp(asked->hash, hash) != 0)) {
            send_to_redis(lookup, asked);
            asked = NULL;
        }
        if (!asked)
            asked = new_redis_question(lookup, hash);
        question->state = QUESTION_IN_REDIS;
        memcpy(asked->ids[asked->count++], question->request_id, sizeof question->request_id);
    }
    if (asked)
        send_to_redis(lookup, asked);
}

static void sql_found(void *cookie, const char *request_id, const char *json, size_t len)
{
    struct result_lookup *lookup = cookie;
    struct question *question = find(lookup, request_id, strlen(request_id));

    if (question && question->state == QUESTION_IN_SQL)
        found(lookup, question, lookup->in_sql, json, len);
}

static void sql_ended(void *cookie, bool answered)
{
    struct result_lookup *lookup = cookie;
    struct question *question, *next;

    lookup->query = NULL;
    HASH_ITER (hh, lookup->questions, question, next)
        if (question->state == QUESTION_IN_SQL) {
            metric_add(lookup->nowhere, 1);
            end(lookup, question, answered ? RESULT_ABSENT : RESULT_UNAVAILABLE, NULL, 0);
        }
    flush_soon(lookup);
}

static void ask_sql(struct result_lookup *lookup)
{
    struct question *question, *next;
    struct result_query *query = NULL;

    if (lookup->query)
        return;
    HASH_ITER (hh, lookup->questions, question, next) {
        if (question->state != QUESTION_ASK_SQL)
            continue;
        if (!query)
            query = result_query_new(sql_found, sql_ended, lookup);
        if (!result_query_add(query, question->request_id))
            break;
        question->state = QUESTION_IN_SQL;
    }
    if (!query)
        return;
    lookup->query = query;
    result_query_start(query, lookup->pool, lookup->mailbox);
}

static void flush(evutil_socket_t fd, short what, void *cookie)
{
    struct result_lookup *lookup = cookie;

    (void)fd;
    (void)what;
    ask_redis(lookup);
    ask_sql(lookup);
}

/* Whatever holds a question up, whoever asked is told in time. */
static void tick(evutil_socket_t fd, short what, void *cookie)
{
    struct result_lookup *lookup = cookie;
    int64_t now_us = clock_monotonic_us();
    struct question *question, *next;

    (void)fd;
    (void)what;
    HASH_ITER (hh, lookup->questions, question, next)
        if (now_us - question->asked_us >= PATIENCE_US)
            end(lookup, question, RESULT_UNAVAILABLE, NULL, 0);
}

static void make_metrics(struct result_lookup *lookup)
{
    static const char name[] = "coupon_gateway_result_lookups_total";
    static const char help[] = "Questions for a result by where it was found.";

    lookup->in_redis = metric_counter(name, help, "found=\"redis\"");
    lookup->in_sql = metric_counter(name, help, "found=\"mysql\"");
    lookup->nowhere = metric_counter(name, help, "found=\"no\"");
}

struct result_lookup *result_lookup_new(struct event_base *base, struct redis_link *redis,
                                        struct sql_pool *pool, struct sql_mailbox *mailbox,
                                        struct result_cache *cache)
{
    const struct timeval interval = {.tv_usec = TICK_MS * 1000};
    struct result_lookup *lookup = calloc(1, sizeof *lookup);

    CHECK(lookup, "out of memory");
    lookup->redis = redis;
    lookup->pool = pool;
    lookup->mailbox = mailbox;
    lookup->cache = cache;
    make_metrics(lookup);
    lookup->flush = event_new(base, -1, 0, flush, lookup);
    lookup->tick = event_new(base, -1, EV_PERSIST, tick, lookup);
    CHECK(lookup->flush && lookup->tick, "out of memory");
    event_add(lookup->tick, &interval);
    return lookup;
}

void result_lookup_free(struct result_lookup *lookup)
{
    struct question *question, *next;

    if (!lookup)
        return;
    CHECK(!lookup->query, "a query is under way");
    HASH_ITER (hh, lookup->questions, question, next) {
        CHECK(TAILQ_EMPTY(&question->waiting) && TAILQ_EMPTY(&question->late),
              "%s is still asked for", question->request_id);
        HASH_DEL(lookup->questions, question);
        free(question);
    }
    event_free(lookup->flush);
    event_free(lookup->tick);
    free(lookup);
}

void result_lookup_ask(struct result_lookup *lookup, const char *request_id, size_t len,
                       struct result_wait *wait)
{
    struct question *question = find(lookup, request_id, len);
    struct wait_list *list;

    if (!question) {
        question = calloc(1, sizeof *question);
        CHECK(question && len <= REQUEST_ID_MAX, "a requestId of %zu bytes", len);
        memcpy(question->request_id, request_id, len);
        question->id_len = len;
        question->asked_us = clock_monotonic_us();
        TAILQ_INIT(&question->waiting);
        TAILQ_INIT(&question->late);
        HASH_ADD(hh, lookup->questions, request_id, len, question);
        flush_soon(lookup);
    }
    list = question->state == QUESTION_ASK_REDIS ? &question->waiting : &question->late;
    wait->waiting_in = list;
    TAILQ_INSERT_TAIL(list, wait, next);
}

void result_lookup_leave(struct result_wait *wait)
{
    struct wait_list *list = wait->waiting_in;

    if (!list)
        return;
    TAILQ_REMOVE(list, wait, next);
    wait->waiting_in = NULL;
}
