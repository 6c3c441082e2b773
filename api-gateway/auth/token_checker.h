#ifndef TOKEN_CHECKER_H
#define TOKEN_CHECKER_H

#include <stddef.h>
#include <stdint.h>

#include "api-gateway/auth/token_claims.h"
#include "api-gateway/auth/token_keyring.h"

/* Tells whose a Bearer token is: reads it, checks its signature with the one key that it can be of,
 * then its claims. One a loop, for that loop's thread. */
struct token_checker;

/* ring and options outlive it. */
struct token_checker *token_checker_new(struct token_keyring *ring,
                                        const struct jwt_options *options);
void token_checker_free(struct token_checker *checker); /* NULL is allowed */

/* TOKEN_OK: *user_id is told. Work and memory are bounded by TOKEN_MAX and one signature, whatever
 * the token is. */
enum token_fault token_checker_check(struct token_checker *checker, const char *text, size_t len,
                                     int64_t wall_ms, uint64_t *user_id);

#endif
