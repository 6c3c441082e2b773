#include "api-gateway/result_cache.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/base/check.h"
#include "common/contract/request_id.h"

struct cached_result {
    char request_id[REQUEST_ID_MAX + 1];
    size_t len;
    UT_hash_handle hh;
    char json[];
};

struct result_cache {
    struct cached_result *results; /* in order of arrival */
    size_t capacity;
};

struct result_cache *result_cache_new(size_t capacity)
{
    struct result_cache *cache = calloc(1, sizeof *cache);

    CHECK(cache, "out of memory");
    cache->capacity = capacity;
    return cache;
}

static void drop(struct result_cache *cache, struct cached_result *result)
{
    HASH_DEL(cache->results, result);
    free(result);
}

void result_cache_free(struct result_cache *cache)
{
    struct cached_result *result, *next;

    if (!cache)
        return;
    HASH_ITER (hh, cache->results, result, next)
        drop(cache, result);
    free(cache);
}

void result_cache_put(struct result_cache *cache, const char *request_id, size_t id_len,
                      const char *json, size_t len)
{
    struct cached_result *result;

    CHECK(id_len <= REQUEST_ID_MAX, "a requestId of %zu bytes", id_len);
    HASH_FIND(hh, cache->results, request_id, id_len, result);
    if (result)
        return;
    if (HASH_COUNT(cache->results) >= cache->capacity)
        drop(cache, cache->results);
    result = calloc(1, sizeof *result + len);
    CHECK(result, "out of memory");
    memcpy(result->request_id, request_id, id_len);
    memcpy(result->json, json, len);
    result->len = len;
    HASH_ADD_KEYPTR(hh, cache->results, result->request_id, id_len, result);
}

const char *result_cache_get(const struct result_cache *cache, const char *request_id,
                             size_t id_len, size_t *len)
{
    struct cached_result *result;

    HASH_FIND(hh, cache->results, request_id, id_len, result);
    if (!result)
        return NULL;
    *len = result->len;
    return result->json;
}
