#ifndef TOKEN_JWKS_H
#define TOKEN_JWKS_H

#include <stdbool.h>
#include <stddef.h>

#include "api-gateway/auth/token_key.h"

/* Read a JWK Set (RFC 7517 section 5). take is given each key for HS256, RS256 or ES256; it owns it
 * where it returns true. Keys for other uses, algorithms and kinds are passed over, as the RFC
 * wants. False: problem says what is wrong: also where one of the keys for us is broken, or none is
 * there. No I/O. */
bool token_jwks_read(const char *text, size_t len,
                     bool (*take)(void *cookie, struct token_key *key, struct strbuf *problem),
                     void *cookie, struct strbuf *problem);

#endif
