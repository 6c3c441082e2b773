#ifndef RESULT_LOOKUP_WORLD_H
#define RESULT_LOOKUP_WORLD_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/result_lookup.h"
#include "common/base/container_of.h"
#include "common/contract/result_key.h"
#include "tests/unit/loop.h"
#include "tests/unit/sql_fakes.h"

/* A lookup on a loop, before a Redis and a MySQL that hold what the test puts there. */
struct row {
    const char *request_id, *outcome, *json;
};
static struct row in_redis[8], in_mysql[8];

static inline const struct row *find_row(const struct row *rows, const char *id, size_t len)
{
    for (size_t i = 0; i < 8 && rows[i].request_id; i++)
        if (strlen(rows[i].request_id) == len && memcmp(rows[i].request_id, id, len) == 0)
            return &rows[i];
    return NULL;
}

static inline void put(struct row *rows, const char *request_id, const char *outcome,
                       const char *json)
{
    while (rows->request_id)
        rows++;
    *rows = (struct row){request_id, outcome, json};
}

static void sql_fake_rows(const char *text, sql_row row, void *cookie)
{
    const char *at = strstr(text, "request_id IN (") + strlen("request_id IN (");

    while (*at != ')') {
        const char *end = strchr(++at, '\'');
        const struct row *found = find_row(in_mysql, at, (size_t)(end - at));
        char id[80], outcome[40], one[] = "1", time[] = "2022-02-26 11:31:42.123";
        char *values[] = {id, one, one, outcome, NULL, time, NULL, NULL};
        const unsigned long lengths[] = {(unsigned long)(end - at), 1, 1, 0, 0, 23, 0, 0};

        if (found) {
            snprintf(id, sizeof id, "%s", found->request_id);
            snprintf(outcome, sizeof outcome, "%s", found->outcome);
            row(cookie, values, lengths);
        }
        at = end + 1 + (end[1] == ',');
    }
}

/* An MGET or HMGET that waits for its answer. */
struct mget {
    redis_link_reply reply;
    void *cookie;
    char hash[RESULT_KEY_SIZE]; /* of an HMGET */
    size_t count;
    char ids[128][65];
};
static struct mget mgets[16];
static size_t mget_count, mget_asked;
static bool redis_down; /* known to be */

bool __wrap_redis_link_up(const struct redis_link *link);
bool __wrap_redis_link_up(const struct redis_link *link)
{
    (void)link;
    return !redis_down;
}

void __wrap_redis_link_command(struct redis_link *link, redis_link_reply reply, void *cookie,
                               size_t count, const char *const *parts, const size_t *lengths);
void __wrap_redis_link_command(struct redis_link *link, redis_link_reply reply, void *cookie,
                               size_t count, const char *const *parts, const size_t *lengths)
{
    bool in_hash = strcmp(parts[0], "HMGET") == 0;
    size_t skip = in_hash ? 0 : strlen("coupon:result:");
    size_t first = in_hash ? 2 : 1;
    struct mget *mget = &mgets[mget_count++];

    (void)link;
    assert_true(mget_count <= 16 && count > first && count - first <= 128);
    if (!in_hash)
        assert_string_equal(parts[0], "MGET");
    *mget = (struct mget){.reply = reply, .cookie = cookie, .count = count - first};
    if (in_hash)
        memcpy(mget->hash, parts[1], lengths[1]);
    for (size_t i = first; i < count; i++) {
        assert_memory_equal(parts[i], "coupon:result:", skip);
        memcpy(mget->ids[i - first], parts[i] + skip, lengths[i] - skip);
    }
    mget_asked++;
}

enum redis_answer { REDIS_ANSWERS, REDIS_IS_GONE, REDIS_REFUSES };

/* The oldest question is answered. */
static inline void redis_fake_answer(enum redis_answer answer)
{
    struct mget mget = mgets[0];
    redisReply replies[128], *elements[128];
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = mget.count, .element = elements};

    memmove(mgets, mgets + 1, --mget_count * sizeof mgets[0]);
    for (size_t i = 0; i < mget.count; i++) {
        const struct row *found = find_row(in_redis, mget.ids[i], strlen(mget.ids[i]));

        elements[i] = &replies[i];
        replies[i] = (redisReply){.type = REDIS_REPLY_NIL};
        if (found)
            replies[i] = (redisReply){
                .type = REDIS_REPLY_STRING, .str = strdup(found->json), .len = strlen(found->json)};
    }
    if (answer == REDIS_REFUSES)
        reply = (redisReply){.type = REDIS_REPLY_ERROR};
    mget.reply(mget.cookie, answer == REDIS_IS_GONE ? NULL : &reply);
    for (size_t i = 0; i < mget.count; i++)
        if (replies[i].type == REDIS_REPLY_STRING)
            free(replies[i].str);
}

struct asker {
    struct result_wait wait;
    int told;
    enum result_answer answer;
    char json[256];
};

struct world {
    struct event_base *base;
    struct result_cache *cache;
    struct result_lookup *lookup;
};

static inline void answered(struct result_wait *wait, enum result_answer answer, const char *json,
                            size_t len)
{
    struct asker *asker = CONTAINER_OF(wait, struct asker, wait);

    assert_null(wait->waiting_in); /* it does not wait any more */
    asker->told++;
    asker->answer = answer;
    snprintf(asker->json, sizeof asker->json, "%.*s", (int)len, json ? json : "");
}

static inline int new_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    memset(in_redis, 0, sizeof in_redis);
    memset(in_mysql, 0, sizeof in_mysql);
    sql_fake_count = sql_fake_asked = mget_count = mget_asked = 0;
    sql_fake_full = redis_down = false;
    world->base = event_base_new();
    world->cache = result_cache_new(100);
    world->lookup = result_lookup_new(world->base, NULL, NULL, NULL, world->cache);
    *state = world;
    return 0;
}

static inline int free_world(void **state)
{
    struct world *world = *state;

    while (mget_count)
        redis_fake_answer(REDIS_IS_GONE);
    loop_run_ms(world->base, 5);
    while (sql_fake_count) {
        sql_fake_answer(SQL_OUTAGE);
        loop_run_ms(world->base, 5);
    }
    result_lookup_free(world->lookup);
    result_cache_free(world->cache);
    event_base_free(world->base);
    free(world);
    return 0;
}

static inline void turn(struct world *world)
{
    loop_run_ms(world->base, 5);
}

static inline void ask(struct world *world, const char *request_id, struct asker *asker)
{
    *asker = (struct asker){.wait.answered = answered};
    result_lookup_ask(world->lookup, request_id, strlen(request_id), &asker->wait);
}

static inline void expect_told(const struct asker *asker, int told, enum result_answer answer,
                               const char *part)
{
    if (asker->told != told || (told && asker->answer != answer) ||
        (told && part && strstr(asker->json, part) == NULL))
        fail_msg("expected told %d ×, answer %d, \"…%s…\"; saw %d ×, %d, \"%s\"", told, answer,
                 part ? part : "", asker->told, asker->answer, asker->json);
}

static inline void expect_asked(size_t redis, size_t mysql)
{
    if (mget_asked != redis || sql_fake_asked != mysql)
        fail_msg("expected %zu × Redis, %zu × MySQL; saw %zu, %zu", redis, mysql, mget_asked,
                 sql_fake_asked);
}

static inline bool is_cached(const struct world *world, const char *request_id)
{
    size_t len;

    return result_cache_get(world->cache, request_id, strlen(request_id), &len) != NULL;
}

#endif
