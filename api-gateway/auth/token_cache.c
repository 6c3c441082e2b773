#include "api-gateway/auth/token_cache.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"

#define WAYS 4
#define HASH_BYTES 32

struct entry {
    unsigned char hash[HASH_BYTES];
    struct token_claims claims; /* user_id 0: the entry is free */
};

struct set {
    struct entry entries[WAYS];
};

struct token_cache {
    unsigned char key[crypto_generichash_KEYBYTES];
    size_t set_count;
    struct set *sets;
};

struct token_cache *token_cache_new(size_t capacity)
{
    struct token_cache *cache = calloc(1, sizeof *cache);

    CHECK(cache, "out of memory");
    randombytes_buf(cache->key, sizeof cache->key);
    cache->set_count = (capacity + WAYS - 1) / WAYS;
    if (cache->set_count > 0) {
        cache->sets = calloc(cache->set_count, sizeof *cache->sets);
        CHECK(cache->sets, "out of memory for %zu tokens", capacity);
    }
    return cache;
}

void token_cache_free(struct token_cache *cache)
{
    if (!cache)
        return;
    sodium_memzero(cache->key, sizeof cache->key);
    free(cache->sets);
    free(cache);
}

void token_cache_clear(struct token_cache *cache)
{
    if (cache->set_count > 0)
        memset(cache->sets, 0, cache->set_count * sizeof *cache->sets);
}

static struct set *find_set(const struct token_cache *cache, const char *text, size_t len,
                            unsigned char hash[HASH_BYTES])
{
    uint64_t number;

    crypto_generichash(hash, HASH_BYTES, (const unsigned char *)text, len, cache->key,
                       sizeof cache->key);
    memcpy(&number, hash, sizeof number);
    return &cache->sets[number % cache->set_count];
}

bool token_cache_get(const struct token_cache *cache, const char *text, size_t len,
                     struct token_claims *claims)
{
    unsigned char hash[HASH_BYTES];
    const struct set *set;

    if (cache->set_count == 0)
        return false;
    set = find_set(cache, text, len, hash);
    for (size_t i = 0; i < WAYS; i++) {
        const struct entry *entry = &set->entries[i];

        if (entry->claims.user_id && memcmp(entry->hash, hash, HASH_BYTES) == 0) {
            *claims = entry->claims;
            return true;
        }
    }
    return false;
}

void token_cache_put(struct token_cache *cache, const char *text, size_t len,
                     const struct token_claims *claims)
{
    unsigned char hash[HASH_BYTES];
    struct set *set;
    struct entry *victim;

    if (cache->set_count == 0)
        return;
    set = find_set(cache, text, len, hash);
    victim = &set->entries[0];
    for (size_t i = 0; i < WAYS && victim->claims.user_id; i++) {
        struct entry *entry = &set->entries[i];

        if (!entry->claims.user_id || entry->claims.until_ms < victim->claims.until_ms)
            victim = entry;
    }
    memcpy(victim->hash, hash, HASH_BYTES);
    victim->claims = *claims;
}
