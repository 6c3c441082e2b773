#ifndef RESULT_CACHE_H
#define RESULT_CACHE_H

#include <stdbool.h>
#include <stddef.h>

/* Final results that one loop has seen, newest kept: a decision never changes, so polls of it are
 * answered from here. Loop thread only; plain memory. */
struct result_cache;

struct result_cache *result_cache_new(size_t capacity);
void result_cache_free(struct result_cache *cache);

/* Keep a result's JSON (copied). One that an operator may still turn into a decision must not be.
 */
void result_cache_put(struct result_cache *cache, const char *request_id, size_t id_len,
                      const char *json, size_t len);

/* The JSON, valid until the next put; NULL: not here. */
const char *result_cache_get(const struct result_cache *cache, const char *request_id,
                             size_t id_len, size_t *len);

#endif
