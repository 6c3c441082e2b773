#ifndef TOKEN_TEXT_H
#define TOKEN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "api-gateway/auth/token_fault.h"

/* A JWT as it is sent: JWS compact serialization (RFC 7515 section 3.1), read strictly, before any
 * library or key sees it. No I/O. */
#define TOKEN_MAX 4096
#define TOKEN_KID_MAX 128

enum token_algorithm { TOKEN_HS256, TOKEN_RS256, TOKEN_ES256 };

#define TOKEN_ALGORITHMS (TOKEN_ES256 + 1)

/* "HS256", … */
const char *token_algorithm_name(enum token_algorithm algorithm);
bool token_algorithm_parse(const char *name, size_t len, enum token_algorithm *algorithm);

struct token_text {
    const char *text; /* all of it; the caller's */
    size_t len;
    size_t payload_at, payload_len; /* in base64url */
    size_t signature_len;           /* in bytes, decoded */
    enum token_algorithm algorithm;
    bool has_kid;
    char kid[TOKEN_KID_MAX + 1];
};

/* Split it, and read its header: three parts in canonical base64url without padding, a JSON object
 * without doubles, alg one of ours (TOKEN_ALGORITHM otherwise), kid a string, typ JWT or at+jwt
 * where it is given; with crit or b64 it is refused. Keys and links to keys in it (jwk, jku, x5u,
 * x5c) are never looked at. */
enum token_fault token_text_read(const char *text, size_t len, struct token_text *token);

/* Decode the payload. Returns its length. */
size_t token_text_payload(const struct token_text *token, char payload[TOKEN_MAX]);

#endif
