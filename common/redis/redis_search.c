#include "common/redis/redis_search.h"

#include <string.h>

void redis_search_begin(struct redis_search *search)
{
    search->candidate_count = 0;
    search->asked = 0;
    search->step = search->sentinel_count ? REDIS_STEP_SENTINEL : REDIS_STEP_SERVER;
    search->target = search->sentinel_count ? search->sentinels[search->next] : search->server;
}

static void vote(struct redis_search *search, const struct redis_address *named)
{
    size_t i = 0;

    while (i < search->candidate_count &&
           !redis_address_same(&search->candidates[i].address, named))
        i++;
    if (i == search->candidate_count)
        search->candidates[search->candidate_count++] = (struct redis_candidate){.address = *named};
    search->candidates[i].votes++;
}

static const struct redis_candidate *leader(const struct redis_search *search)
{
    const struct redis_candidate *best = NULL;

    for (size_t i = 0; i < search->candidate_count; i++)
        if (!best || search->candidates[i].votes > best->votes)
            best = &search->candidates[i];
    return best;
}

bool redis_search_heard(struct redis_search *search, const struct redis_address *named)
{
    const struct redis_candidate *best;

    if (named)
        vote(search, named);
    search->asked++;
    search->next = (search->next + 1) % search->sentinel_count;
    best = leader(search);
    if (search->asked < search->sentinel_count &&
        (!best || 2 * best->votes <= search->sentinel_count)) {
        search->target = search->sentinels[search->next];
        return true;
    }
    /* The next round begins with another one. */
    if (search->asked == search->sentinel_count)
        search->next = (search->next + 1) % search->sentinel_count;
    if (!best)
        return false;
    search->step = REDIS_STEP_SERVER;
    search->target = best->address;
    return true;
}

bool redis_search_read_address(const redisReply *reply, struct redis_address *address)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_STRING)
        return false;
    return redis_address_make(
        reply->element[0]->str, (size_t)reply->element[0]->len,
        redis_address_parse_port(reply->element[1]->str, (size_t)reply->element[1]->len), address);
}

bool redis_search_is_primary(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           strcmp(reply->element[0]->str, "master") == 0;
}
