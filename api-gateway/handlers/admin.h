#ifndef ADMIN_H
#define ADMIN_H

#include "common/http/http_exchange.h"

/* The admin API, on the management listener: what each route does is in its handler's name. All of
 * them want the admin token. */

#define ADMIN_COUPON_MAX_BODY 16384
#define ADMIN_EMPTY_MAX_BODY 1024 /* "{}" and blanks */

void admin_handle_create(struct http_exchange *exchange);
void admin_handle_list(struct http_exchange *exchange);
void admin_handle_read(struct http_exchange *exchange);
void admin_handle_open(struct http_exchange *exchange);
void admin_handle_pause(struct http_exchange *exchange);
void admin_handle_close(struct http_exchange *exchange);
void admin_handle_patch(struct http_exchange *exchange);
void admin_handle_delete(struct http_exchange *exchange);
void admin_handle_revoke(struct http_exchange *exchange);
void admin_handle_stats(struct http_exchange *exchange);
void admin_handle_policy_create(struct http_exchange *exchange);
void admin_handle_policy_list(struct http_exchange *exchange);
void admin_handle_policy_read(struct http_exchange *exchange);

#endif
