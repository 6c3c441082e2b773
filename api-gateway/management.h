#ifndef MANAGEMENT_H
#define MANAGEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "api-gateway/config.h"
#include "api-gateway/sql_pool.h"
#include "api-gateway/topic_watch.h"

struct event_base;
struct redis_link;
struct admin;

/* The management listener: health, metrics and the admin API, on the main thread's loop. */
struct management;

/* What it works with. */
struct management_parts {
    const struct gateway_config *config;
    struct event_base *base;
    struct sql_pool *pool;
    struct sql_mailbox *mailbox; /* of base */
    struct topic_watch *topic;
    struct redis_link *redis; /* of base, for broadcasts */
    size_t max_connections;
};

/* sodium_init must have been called. NULL when the address can't be listened on (logged). */
struct management *management_start(const struct management_parts *parts);

/* Before or after the mailbox is freed, and before any other of its parts. NULL is allowed. */
void management_free(struct management *management);

/* For /readyz. serving: the database was reached, its schema fits, and clients are listened to. */
void management_set_serving(struct management *management, bool serving);
void management_set_stopping(struct management *management);

/* Change the admin API's credentials for these (admin_token.h); logged where they are others.
 * False: they stay as they are. */
bool management_set_admin_token(struct management *management, const char *text);

/* The admin API's part of the context that handlers get. */
struct admin *management_admin(const struct management *management);

#endif
