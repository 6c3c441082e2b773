#ifndef TOKEN_CACHE_H
#define TOKEN_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "api-gateway/auth/token_claims.h"

/* Tokens whose signature and claims were right, so that a client's next request costs a hash and no
 * signature. Of a token only a keyed hash (BLAKE2b, 256 bits, key made at random) is kept. Of fixed
 * size: a new one takes the place of one that expires first among four. Loop thread only. */
struct token_cache;

/* capacity: 0 keeps nothing. sodium_init must have been called. */
struct token_cache *token_cache_new(size_t capacity);
void token_cache_free(struct token_cache *cache);

/* True: the very same token was put, and its claims are told; the caller looks at their time. */
bool token_cache_get(const struct token_cache *cache, const char *text, size_t len,
                     struct token_claims *claims);
void token_cache_put(struct token_cache *cache, const char *text, size_t len,
                     const struct token_claims *claims);

/* The keys have changed: forget all. */
void token_cache_clear(struct token_cache *cache);

#endif
