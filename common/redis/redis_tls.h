#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/redis/redis_options.h"

struct redisContext;

/* What encrypts connections to Redis. hiredis has it from 1.0 on, as a library beside it; a build
 * without that library can't. */
struct redis_tls;

/* False, with error: it is wanted, and this build can't, or the files are no good. */
bool redis_tls_check(const struct redis_options *options, char *error, size_t error_size);

/* NULL: it is off. options have passed the check, and outlive it. */
struct redis_tls *redis_tls_new(const struct redis_options *options);

/* NULL is allowed. Not before its connections are over. */
void redis_tls_free(struct redis_tls *tls);

/* Encrypt a new connection, before the first command on it; host is where it goes to, and stays
 * until it is over. A blocking connection is encrypted then; another one becomes so while commands
 * wait. Returns what is wrong, which lives as long as the context, or NULL: nothing, or tls is
 * NULL. */
const char *redis_tls_begin(struct redis_tls *tls, struct redisContext *context, const char *host);

#endif
