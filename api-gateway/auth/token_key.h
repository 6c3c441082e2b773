#ifndef TOKEN_KEY_H
#define TOKEN_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "api-gateway/auth/token_text.h"
#include "common/base/strbuf.h"

struct json_t;

/* A key that checks signatures of one algorithm, and of no other; by cjose. Immutable: any thread
 * may use it. */
struct token_key;

/* From the members of a JWK (RFC 7517) that the algorithm needs; private ones are not looked at.
 * RSA: 2048 to 8192 bits. P-256. A secret: 32 bytes or more. kid "": it has none. NULL: problem
 * says what is wrong, and shows nothing of the key. */
struct token_key *token_key_new(enum token_algorithm algorithm, const char *kid,
                                const struct json_t *jwk, struct strbuf *problem);
void token_key_free(struct token_key *key);

enum token_algorithm token_key_algorithm(const struct token_key *key);
const char *token_key_kid(const struct token_key *key); /* "": none */

/* Is the signature right? The token has the key's algorithm. */
bool token_key_verify(const struct token_key *key, const struct token_text *token);

#endif
