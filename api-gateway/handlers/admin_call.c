#include "api-gateway/handlers/admin_call.h"

#include <stdio.h>
#include <stdlib.h>

#include "api-gateway/handlers/problems.h"
#include "common/http/http_exchange.h"
#include "common/base/check.h"
#include "common/base/container_of.h"
#include "common/base/log.h"

#define PATIENCE_MS 3000

struct admin *admin_new(const struct management_parts *parts)
{
    struct admin *admin = calloc(1, sizeof *admin);

    CHECK(admin, "out of memory");
    admin->parts = *parts;
    CHECK(admin_token_set(&admin->token, parts->config->admin_token),
          "the admin token was not looked at");
    LIST_INIT(&admin->calls);
    return admin;
}

void admin_free(struct admin *admin)
{
    struct admin_call *call;

    if (!admin)
        return;
    while ((call = LIST_FIRST(&admin->calls))) {
        LIST_REMOVE(call, next);
        call->admin = NULL;
        call->exchange = NULL;
    }
    free(admin);
}

/* True: *name is who calls. */
static bool is_allowed(const struct admin *admin, struct http_exchange *exchange, const char **name)
{
    switch (admin_token_check(&admin->token,
                              http_request_field(http_exchange_request(exchange), "authorization"),
                              name)) {
    case ADMIN_TOKEN_RIGHT:
        return true;
    case ADMIN_TOKEN_MISSING:
        http_exchange_problem(exchange, 401, "UNAUTHORIZED",
                              "The admin API wants Authorization: Bearer TOKEN.",
                              "WWW-Authenticate: Bearer\r\n", NULL);
        return false;
    case ADMIN_TOKEN_WRONG:
        break;
    }
    log_warn("admin_refused", "a call of the admin API had a wrong token");
    http_exchange_problem(exchange, 401, "UNAUTHORIZED", "The token is wrong.",
                          "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", NULL);
    return false;
}

static void client_gone(void *cookie)
{
    struct admin_call *call = cookie;

    call->exchange = NULL;
}

struct admin_call *admin_call_new(struct http_exchange *exchange)
{
    struct admin *admin = management_admin(http_exchange_context(exchange));
    const char *name = NULL;
    struct admin_call *call;

    if (!is_allowed(admin, exchange, &name))
        return NULL;
    call = calloc(1, sizeof *call);
    CHECK(call, "out of memory");
    call->admin = admin;
    call->exchange = exchange;
    call->taken = (struct admin_taken){"CONFLICT", "Another change came between; try again."};
    call->log.topic = admin->parts.config->kafka.topic;
    snprintf(call->log.changed_by, sizeof call->log.changed_by, "%s", name);
    call->log.partitions = topic_watch_partitions(admin->parts.topic);
    LIST_INSERT_HEAD(&admin->calls, call, next);
    http_exchange_on_gone(exchange, client_gone, call);
    return call;
}

void admin_call_free(struct admin_call *call)
{
    if (call->admin)
        LIST_REMOVE(call, next);
    strbuf_free(&call->json);
    policy_free(&call->policy);
    free(call);
}

/* Of a change that met an outage it may be unknown whether it was made. */
static void answer_failure(struct admin_call *call)
{
    const struct sql_fault *fault = &call->job.fault;

    switch (call->job.class) {
    case SQL_DUPLICATE:
        http_exchange_problem(call->exchange, 409, call->taken.code, call->taken.detail, NULL,
                              NULL);
        return;
    case SQL_TRANSIENT:
    case SQL_OUTAGE:
        problem_unavailable(call->exchange, "MySQL did not answer in time. Whether the call had an "
                                            "effect is not known; it may be sent again.");
        return;
    case SQL_OK:
    case SQL_REFUSED:
        break;
    }
    log_error("admin_call_failed", "error %u: %s", fault->code, fault->text);
    http_exchange_problem(call->exchange, 500, "INTERNAL", "MySQL refused it; the log says why.",
                          NULL, NULL);
}

static void call_done(struct sql_job *job)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);

    if (job->class == SQL_OK && call->admin)
        call->answer(call);
    else if (call->exchange)
        answer_failure(call);
    admin_call_free(call);
}

void admin_call_submit(struct admin_call *call,
                       enum sql_class (*run)(struct sql_job *job, struct sql_session *session,
                                             struct sql_fault *fault),
                       void (*answer)(struct admin_call *call))
{
    const struct management_parts *parts = &call->admin->parts;

    call->job.run = run;
    call->job.done = call_done;
    call->answer = answer;
    if (sql_pool_submit(parts->pool, parts->mailbox, &call->job, PATIENCE_MS))
        return;
    problem_unavailable(call->exchange, "Too much waits for MySQL; nothing was done.");
    admin_call_free(call);
}
