#include "api-gateway/handlers/user_call.h"

#include <stdlib.h>

#include "api-gateway/handlers/problems.h"
#include "common/base/check.h"
#include "common/base/container_of.h"
#include "common/base/log.h"

#define PATIENCE_MS 3000

static void client_gone(void *cookie)
{
    struct user_call *call = cookie;

    call->exchange = NULL;
}

struct user_call *user_call_new(struct http_exchange *exchange)
{
    struct user_call *call = calloc(1, sizeof *call);

    CHECK(call, "out of memory");
    call->thread = http_exchange_context(exchange);
    call->exchange = exchange;
    http_exchange_on_gone(exchange, client_gone, call);
    return call;
}

void user_call_free(struct user_call *call)
{
    user_coupon_page_free(&call->page);
    free(call);
}

/* Of a change that met an outage it may be unknown whether it was made; asked again, it is made
 * once. */
static void answer_failure(struct user_call *call)
{
    const struct sql_fault *fault = &call->job.fault;

    if (call->job.class == SQL_TRANSIENT || call->job.class == SQL_OUTAGE) {
        problem_unavailable(call->exchange, "MySQL did not answer in time. Whether the call had an "
                                            "effect is not known; it may be sent again.");
        return;
    }
    log_error("user_call_failed", "error %u: %s", fault->code, fault->text);
    http_exchange_problem(call->exchange, 500, "INTERNAL", "MySQL refused it; the log says why.",
                          NULL, NULL);
}

static void call_done(struct sql_job *job)
{
    struct user_call *call = CONTAINER_OF(job, struct user_call, job);

    if (job->class != SQL_OK && job->class != SQL_REFUSED)
        log_warn("user_call_away", "error %u: %s", job->fault.code, job->fault.text);
    if (call->exchange && job->class == SQL_OK)
        call->answer(call);
    else if (call->exchange)
        answer_failure(call);
    user_call_free(call);
}

void user_call_submit(struct user_call *call,
                      enum sql_class (*run)(struct sql_job *job, struct sql_session *session,
                                            struct sql_fault *fault),
                      void (*answer)(struct user_call *call))
{
    call->job.run = run;
    call->job.done = call_done;
    call->answer = answer;
    if (sql_pool_submit(call->thread->pool, call->thread->mailbox, &call->job, PATIENCE_MS))
        return;
    problem_unavailable(call->exchange, "Too much waits for MySQL; nothing was done.");
    user_call_free(call);
}
