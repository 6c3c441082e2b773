#ifndef REDIS_SEARCH_H
#define REDIS_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <hiredis.h>

#include "common/redis/redis_address.h"

/* The way to the primary: whom to connect to next. Without Sentinels that is always the server.
 * With them, one after the other is asked, SENTINEL get-master-addr-by-name NAME, until most of
 * them name the same server, or all were asked; then that server is asked for its ROLE. One
 * Sentinel that was cut off and still names the old primary is outvoted; where votes are equal the
 * first one named is tried, and each round begins with another Sentinel. Plain data, no I/O: the
 * caller connects, with time-outs, and tells what came of it. It pauses between two rounds.
 * https://redis.io/docs/latest/develop/reference/sentinel-clients/ */
enum redis_step {
    REDIS_STEP_SENTINEL, /* target is a Sentinel, to be asked */
    REDIS_STEP_SERVER /* target should be the primary; with Sentinels its ROLE has to be checked */
};

struct redis_candidate {
    struct redis_address address;
    size_t votes;
};

struct redis_search {
    struct redis_address server; /* without Sentinels */
    struct redis_address sentinels[REDIS_SENTINELS_MAX];
    size_t sentinel_count;
    enum redis_step step;
    struct redis_address target;
    size_t next;  /* the Sentinel that is asked or is to be asked */
    size_t asked; /* in this round */
    struct redis_candidate candidates[REDIS_SENTINELS_MAX];
    size_t candidate_count;
};

/* Begin a round: target and step say whom to connect to. server or the sentinels are set. */
void redis_search_begin(struct redis_search *search);

/* The Sentinel that was the target names this server; NULL: none, or it could not be asked. True:
 * there is a new target. False: all were asked and none knows; the round is over. */
bool redis_search_heard(struct redis_search *search, const struct redis_address *named);

/* Read the answer to SENTINEL get-master-addr-by-name. False: it names none. */
bool redis_search_read_address(const redisReply *reply, struct redis_address *address);

/* Does this answer to ROLE come from a primary? https://redis.io/commands/role/ */
bool redis_search_is_primary(const redisReply *reply);

#endif
