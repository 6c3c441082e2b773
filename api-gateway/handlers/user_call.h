#ifndef USER_CALL_H
#define USER_CALL_H

#include "api-gateway/io_thread.h"
#include "api-gateway/user_coupon_page.h"
#include "common/http/http_exchange.h"
#include "common/mysql/user_coupon_change.h"

/* A call about users' coupons on its way through the MySQL threads. The client may leave meanwhile:
 * what was begun is finished all the same. */
struct user_call {
    struct sql_job job;
    struct io_thread *thread;
    struct http_exchange *exchange; /* NULL: the client left */
    void (*answer)(struct user_call *call);

    /* What is asked, set by the handler. */
    struct user_coupon_wish wish;
    struct user_coupon_filter filter;

    /* What came of it, set by the job. */
    struct user_coupon_outcome outcome;
    struct user_coupon_page page;
};

/* A call for an exchange, which it owns from now on. */
struct user_call *user_call_new(struct http_exchange *exchange);

/* End a call that is not submitted. */
void user_call_free(struct user_call *call);

/* Have run called on a MySQL thread, then, if all went well and the client is still there, answer
 * on the loop; a failure is answered here. The call is freed after it. */
void user_call_submit(struct user_call *call,
                      enum sql_class (*run)(struct sql_job *job, struct sql_session *session,
                                            struct sql_fault *fault),
                      void (*answer)(struct user_call *call));

#endif
