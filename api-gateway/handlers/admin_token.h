#ifndef ADMIN_TOKEN_H
#define ADMIN_TOKEN_H

#include "common/http/http_request.h"

/* The admin API's credential. Only a hash is kept and compared, in constant time, so that the time
 * of an answer says nothing about the token, its length included. */
struct admin_token {
    unsigned char hash[32];
};

enum admin_token_answer { ADMIN_TOKEN_RIGHT, ADMIN_TOKEN_MISSING, ADMIN_TOKEN_WRONG };

/* sodium_init must have been called. */
void admin_token_set(struct admin_token *token, const char *text);

/* authorization: the field's value, "Bearer TOKEN" (RFC 6750), or NULL. MISSING also where it names
 * another scheme. */
enum admin_token_answer admin_token_check(const struct admin_token *token,
                                          const struct http_slice *authorization);

#endif
