#ifndef ADMIN_ANSWER_H
#define ADMIN_ANSWER_H

#include "api-gateway/handlers/admin_call.h"

/* What the handlers of the admin API share. Loop thread only. */

typedef void (*admin_problem)(struct http_exchange *exchange, const char *detail);

/* Refuse a call before any work; it is freed. */
void admin_refuse(struct admin_call *call, admin_problem problem, const char *detail);

/* A call whose id is the first {…} of the path, or NULL and it was answered. */
struct admin_call *admin_call_by_id(struct http_exchange *exchange);

/* NULL: the call has no body, or an object without members; else how it is refused, with
 * ADMIN_EMPTY_WANTED. */
admin_problem admin_check_empty(struct http_exchange *exchange);
#define ADMIN_EMPTY_WANTED "This call takes no body, or {}."

/* Answer with call->change.coupon and its ETag; fields: further header lines, or "". */
void admin_answer_coupon(struct admin_call *call, int status, const char *fields);

/* Answer with the bytes in call->json. */
void admin_answer_json(struct admin_call *call, int status, const char *fields);

/* Answer as call->change.end says. */
void admin_answer_change(struct admin_call *call);

/* Tell all gateways that a coupon changed; they find out by themselves a little later if it gets
 * lost. A coupon that is deleted is one of status CLOSED here. */
void admin_announce(const struct admin_call *call, const struct coupon *coupon);

#endif
