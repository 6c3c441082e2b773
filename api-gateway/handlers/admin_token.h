#ifndef ADMIN_TOKEN_H
#define ADMIN_TOKEN_H

#include <stdbool.h>

#include "api-gateway/coupon_transaction.h"
#include "common/http/http_request.h"

#define ADMIN_TOKENS_MAX 8

/* The admin API's credentials: each administrator's, or several while one is changed for another.
 * Only hashes are kept and compared, all of them in constant time, so that the time of an answer
 * says nothing about a token, its length included. */
struct admin_token {
    size_t count;
    unsigned char hashes[ADMIN_TOKENS_MAX][32];
    char names[ADMIN_TOKENS_MAX][COUPON_CHANGED_BY_MAX + 1];
};

enum admin_token_answer { ADMIN_TOKEN_RIGHT, ADMIN_TOKEN_MISSING, ADMIN_TOKEN_WRONG };

/* text: a token a line, empty lines aside, or a name of [A-Za-z0-9._@-] and a token with blanks
 * between them; without one the name is "admin". False, and token stays as it was: there is none,
 * or more than ADMIN_TOKENS_MAX. sodium_init must have been called. */
bool admin_token_set(struct admin_token *token, const char *text);

/* authorization: the field's value, "Bearer TOKEN" (RFC 6750), or NULL. MISSING also where it names
 * another scheme. RIGHT: *name is whose it is, until the next admin_token_set. */
enum admin_token_answer admin_token_check(const struct admin_token *token,
                                          const struct http_slice *authorization,
                                          const char **name);

#endif
