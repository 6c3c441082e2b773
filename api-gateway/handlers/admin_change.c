#include "api-gateway/handlers/admin.h"

#include <inttypes.h>

#include "api-gateway/handlers/admin_answer.h"
#include "api-gateway/handlers/problems.h"
#include "common/base/container_of.h"
#include "common/base/log.h"

static struct coupon_change *change_of(struct sql_job *job)
{
    return &CONTAINER_OF(job, struct admin_call, job)->change;
}

static const struct coupon_log *log_of(struct sql_job *job)
{
    return &CONTAINER_OF(job, struct admin_call, job)->log;
}

/* What is so already is told again: a gateway may have missed it. */
static void answer_changed(struct admin_call *call)
{
    const struct coupon_change *change = &call->change;

    if (change->end == COUPON_CHANGE_DONE || change->end == COUPON_CHANGE_NONE)
        admin_announce(call, &change->coupon);
    if (change->end == COUPON_CHANGE_DONE)
        log_info("coupon_changed", "coupon %" PRIu64 " is %s, stock %" PRIu32 ", version %" PRIu32,
                 change->coupon.coupon_id, coupon_status_name(change->coupon.status),
                 change->coupon.total_stock, change->coupon.version);
    if (call->exchange)
        admin_answer_change(call);
}

/* A call about the coupon in the path, with its If-Match; NULL: it was answered. */
static struct admin_call *call_to_change(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_by_id(exchange);

    if (!call || if_match_read(http_exchange_request(exchange), &call->change.if_match))
        return call;
    admin_refuse(call, problem_invalid_request,
                 "If-Match must be given once, and be the ETag of the coupon in quotes, a list of "
                 "such, or *.");
    return NULL;
}

static enum sql_class run_status(struct sql_job *job, struct sql_session *session,
                                 struct sql_fault *fault)
{
    return coupon_change_status(session, log_of(job), change_of(job), fault);
}

static void change_status(struct http_exchange *exchange, enum coupon_status wanted)
{
    struct admin_call *call = call_to_change(exchange);
    admin_problem problem;

    if (!call)
        return;
    problem = admin_check_empty(exchange);
    call->change.wanted = wanted;
    if (problem)
        admin_refuse(call, problem, ADMIN_EMPTY_WANTED);
    else
        admin_call_submit(call, run_status, answer_changed);
}

void admin_handle_open(struct http_exchange *exchange)
{
    change_status(exchange, COUPON_OPEN);
}

void admin_handle_pause(struct http_exchange *exchange)
{
    change_status(exchange, COUPON_PAUSED);
}

void admin_handle_close(struct http_exchange *exchange)
{
    change_status(exchange, COUPON_CLOSED);
}

static enum sql_class run_patch(struct sql_job *job, struct sql_session *session,
                                struct sql_fault *fault)
{
    return coupon_change_patch(session, log_of(job), change_of(job), fault);
}

void admin_handle_patch(struct http_exchange *exchange)
{
    struct admin_call *call = call_to_change(exchange);
    struct http_slice body = http_exchange_request(exchange)->body;
    char error[512];
    bool not_json;

    if (!call)
        return;
    if (!call->change.if_match.given)
        admin_refuse(call, problem_precondition_required,
                     "Send the coupon's ETag in If-Match, so that nobody else's change is undone.");
    else if (coupon_patch_decode(body.data, body.len, &call->change.patch, &not_json, error,
                                 sizeof error))
        admin_call_submit(call, run_patch, answer_changed);
    else
        admin_refuse(call, not_json ? problem_invalid_json : problem_invalid_request, error);
}

static enum sql_class run_delete(struct sql_job *job, struct sql_session *session,
                                 struct sql_fault *fault)
{
    return coupon_change_delete(session, log_of(job), change_of(job), fault);
}

static void answer_deleted(struct admin_call *call)
{
    struct coupon_change *change = &call->change;

    if (change->end != COUPON_CHANGE_DONE) {
        if (call->exchange)
            admin_answer_change(call);
        return;
    }
    change->coupon.status = COUPON_CLOSED;
    admin_announce(call, &change->coupon);
    log_info("coupon_deleted", "coupon %" PRIu64, change->coupon_id);
    if (call->exchange)
        http_exchange_reply(call->exchange, 204, "", NULL, NULL, 0);
}

void admin_handle_delete(struct http_exchange *exchange)
{
    struct admin_call *call = call_to_change(exchange);

    if (call)
        admin_call_submit(call, run_delete, answer_deleted);
}
