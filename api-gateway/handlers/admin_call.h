#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

#include <stdbool.h>
#include <sys/queue.h>

#include "api-gateway/coupon_change.h"
#include "api-gateway/coupon_store.h"
#include "api-gateway/handlers/admin_token.h"
#include "api-gateway/management.h"
#include "common/contract/policy.h"
#include "common/coupon/user_coupon_step.h"

/* How to say that an id is taken. */
struct admin_taken {
    const char *code;
    const char *detail;
};

/* A call of the admin API on its way through the MySQL threads. The client may leave meanwhile:
 * what was begun is finished and told to the other gateways all the same. */
struct admin_call {
    struct sql_job job;
    struct admin *admin;            /* NULL: freed */
    struct http_exchange *exchange; /* NULL: the client left */
    void (*answer)(struct admin_call *call);
    LIST_ENTRY(admin_call) next;

    /* What is asked, set by the handler. */
    struct coupon_log log;
    struct coupon_change change; /* with its coupon, which others use too */
    struct coupon_filter filter;
    struct admin_taken taken;

    struct user_coupon_wish wish; /* of a revoke */

    /* What came of it, set by the job. */
    bool overlaps;
    enum user_coupon_step step; /* of a revoke */
    struct policy policy;       /* of a call about a policy: also what is asked */
    struct strbuf json;
    unsigned int count;
    uint64_t last_id;
};

LIST_HEAD(admin_calls, admin_call);

/* What the calls share. Loop thread only. */
struct admin {
    struct management_parts parts;
    struct admin_token token;
    struct admin_calls calls;
};

struct admin *admin_new(const struct management_parts *parts);

/* Calls under way end by themselves, unanswered. NULL is allowed. */
void admin_free(struct admin *admin);

/* A call for an exchange, which it owns from now on. NULL: the credential is missing or wrong, and
 * that was answered. */
struct admin_call *admin_call_new(struct http_exchange *exchange);

/* End a call that is not submitted. */
void admin_call_free(struct admin_call *call);

/* Have run called on a MySQL thread, then answer on the loop if all went well; a failure is
 * answered here. answer must look whether there is still an exchange. The call is freed after it.
 */
void admin_call_submit(struct admin_call *call,
                       enum sql_class (*run)(struct sql_job *job, struct sql_session *session,
                                             struct sql_fault *fault),
                       void (*answer)(struct admin_call *call));

#endif
