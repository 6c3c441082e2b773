#ifndef TOKEN_KEYRING_H
#define TOKEN_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "api-gateway/auth/jwt_options.h"
#include "api-gateway/auth/token_keys.h"

/* The keys in use, and their change for others while requests go on. */
struct token_keyring;

/* Load the keys. options outlives it. NULL: logged why. */
struct token_keyring *token_keyring_new(const struct jwt_options *options);

/* Nobody asks it any more. NULL is allowed. */
void token_keyring_free(struct token_keyring *ring);

/* Read all files again. Where one is bad, all keys stay as they are, and the log says why. Main
 * thread. */
bool token_keyring_reload(struct token_keyring *ring);

/* Changes with the keys; never 0. Any thread, no lock. */
uint64_t token_keyring_generation(const struct token_keyring *ring);

/* The keys, held for the caller, and their generation. Any thread; takes a lock. */
struct token_keys *token_keyring_keys(struct token_keyring *ring, uint64_t *generation);

#endif
