#include "api-gateway/limit/rate_table.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"

#define WAYS 8

struct place {
    uint64_t hash;
    int64_t full_at_ns; /* 0: nobody's */
};

struct set {
    struct place places[WAYS];
};

struct rate_table {
    struct rate_policy policy;
    unsigned char key[crypto_shorthash_KEYBYTES];
    uint64_t taken_over;
    size_t set_count;
    struct set sets[];
};

struct rate_table *rate_table_new(const struct rate_policy *policy, size_t places)
{
    size_t set_count = (places + WAYS - 1) / WAYS;
    struct rate_table *table = calloc(1, sizeof *table + set_count * sizeof table->sets[0]);

    CHECK(table, "out of memory for %zu buckets", places);
    CHECK(set_count > 0, "no place for a bucket");
    table->policy = *policy;
    table->set_count = set_count;
    randombytes_buf(table->key, sizeof table->key);
    return table;
}

void rate_table_free(struct rate_table *table)
{
    free(table);
}

const struct rate_policy *rate_table_policy(const struct rate_table *table)
{
    return &table->policy;
}

uint64_t rate_table_taken_over(const struct rate_table *table)
{
    return table->taken_over;
}

struct rate_answer rate_table_take(struct rate_table *table, const void *key, size_t len,
                                   int64_t now_ns)
{
    struct place *place;
    struct place *fullest;
    struct rate_answer answer;
    int64_t full_at_ns;
    uint64_t hash;
    struct set *set;

    crypto_shorthash((unsigned char *)&hash, key, len, table->key);
    set = &table->sets[hash % table->set_count];
    place = fullest = &set->places[0];
    for (; place < set->places + WAYS && place->hash != hash; place++)
        if (place->full_at_ns < fullest->full_at_ns)
            fullest = place;
    if (place == set->places + WAYS)
        place = fullest;
    full_at_ns = place->full_at_ns;
    answer = rate_bucket_take(&full_at_ns, &table->policy, now_ns);
    if (!answer.allowed)
        return answer;
    if (place->hash != hash && place->full_at_ns > now_ns)
        table->taken_over++;
    *place = (struct place){hash, full_at_ns};
    return answer;
}
