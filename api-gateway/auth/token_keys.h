#ifndef TOKEN_KEYS_H
#define TOKEN_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "api-gateway/auth/token_key.h"
#include "common/base/option.h"
#include "common/base/strbuf.h"

#define TOKEN_KEYS_MAX 32

/* The keys of one moment, told apart by algorithm and kid. Immutable once loaded, and shared by
 * threads: freed when nobody holds it. */
struct token_keys;

/* Read all key files: each of files is "ALG=FILE" or "ALG:KID=FILE", a public key in PEM for RS256
 * and ES256, the bytes of the secret for HS256; jwks_file is a JWK Set, or NULL. The caller holds
 * what is returned. NULL: problem names the file and says what is wrong. */
struct token_keys *token_keys_load(const struct option_list *files, const char *jwks_file,
                                   struct strbuf *problem);

/* Any thread. */
struct token_keys *token_keys_hold(struct token_keys *keys);
void token_keys_drop(struct token_keys *keys); /* NULL is allowed */

size_t token_keys_count(const struct token_keys *keys);

/* The key that this token has to be checked with: the one with its kid; for a token without kid,
 * the only one of its algorithm. NULL: there is none. */
const struct token_key *token_keys_find(const struct token_keys *keys,
                                        const struct token_text *token);

#endif
