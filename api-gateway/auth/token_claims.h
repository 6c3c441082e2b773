#ifndef TOKEN_CLAIMS_H
#define TOKEN_CLAIMS_H

#include <stddef.h>
#include <stdint.h>

#include "api-gateway/auth/token_fault.h"

/* What a token says (RFC 7519 section 4). No I/O. */

/* What it must say. The texts are the options'. */
struct token_rules {
    const char *issuer;     /* iss is this */
    const char *audience;   /* aud is this, or an array that holds it */
    const char *user_claim; /* holds the user id, a number or a decimal string */
    int64_t leeway_ms;      /* by which the issuer's clock may differ from ours */
};

struct token_claims {
    uint64_t user_id;
    int64_t from_ms, until_ms; /* valid where from_ms <= wall clock < until_ms; leeway included */
};

/* Read a payload whose signature was right, and look at all claims but the time. exp is required,
 * nbf is not. */
enum token_fault token_claims_read(const char *payload, size_t len, const struct token_rules *rules,
                                   struct token_claims *claims);

/* TOKEN_OK, TOKEN_EXPIRED or TOKEN_NOT_YET. */
enum token_fault token_claims_time(const struct token_claims *claims, int64_t wall_ms);

#endif
