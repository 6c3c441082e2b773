#ifndef TOKEN_PEM_H
#define TOKEN_PEM_H

#include <stddef.h>

#include "api-gateway/auth/token_text.h"
#include "common/base/strbuf.h"

/* Append the JWK of the public key in a PEM file ("BEGIN PUBLIC KEY", RFC 7468), by OpenSSL.
 * algorithm: TOKEN_RS256 or TOKEN_ES256. False: problem says what is wrong. */
bool token_pem_read(const char *pem, size_t len, enum token_algorithm algorithm, struct strbuf *jwk,
                    struct strbuf *problem);

#endif
