#include "api-gateway/handlers/user_coupon.h"

#include "api-gateway/caller.h"
#include "api-gateway/handlers/problems.h"
#include "api-gateway/handlers/use_body.h"
#include "api-gateway/handlers/user_call.h"
#include "api-gateway/handlers/user_coupon_answer.h"
#include "api-gateway/handlers/user_coupon_query.h"
#include "common/base/check.h"
#include "common/base/container_of.h"
#include "common/mysql/sql_transaction.h"

static void answer_json(struct user_call *call)
{
    struct strbuf *body = &call->thread->scratch;

    http_exchange_json(call->exchange, 200, NULL, body->data, body->len);
}

static void answer_refusal(struct user_call *call, enum user_coupon_step step)
{
    int status = 409;

    switch (step) {
    case USER_COUPON_STEP_UNKNOWN:
        status = 404;
        break;
    case USER_COUPON_STEP_FORBIDDEN:
        status = 403;
        break;
    case USER_COUPON_STEP_ORDER_MISMATCH:
    case USER_COUPON_STEP_BELOW_MINIMUM:
        status = 422;
        break;
    case USER_COUPON_STEP_EXPIRED:
    case USER_COUPON_STEP_REVOKED:
    case USER_COUPON_STEP_ALREADY_USED:
    case USER_COUPON_STEP_NOT_USED:
    case USER_COUPON_STEP_ORDER_CANCELLED:
        break;
    case USER_COUPON_STEP_CHANGE:
    case USER_COUPON_STEP_NONE:
    case USER_COUPON_STEP_AMOUNT_MISMATCH: /* a call tells no discount */
        CHECK(false, "step %d is no refusal here", (int)step);
    }
    http_exchange_problem(call->exchange, status, user_coupon_step_name(step),
                          user_coupon_step_text(step), NULL, NULL);
}

static enum sql_class run_list(struct sql_job *job, struct sql_session *session,
                               struct sql_fault *fault)
{
    struct user_call *call = CONTAINER_OF(job, struct user_call, job);

    return user_coupon_page_read(session, &call->filter, &call->page, fault);
}

static void answer_list(struct user_call *call)
{
    strbuf_clear(&call->thread->scratch);
    user_coupon_answer_page(&call->page, &call->thread->scratch);
    answer_json(call);
}

void user_coupon_handle_list(struct http_exchange *exchange)
{
    struct user_coupon_filter filter;
    struct user_call *call;
    struct caller caller;
    const char *wrong;

    if (!caller_identify(exchange, &caller))
        return;
    wrong = user_coupon_query_read(http_exchange_request(exchange), &filter);
    if (wrong) {
        problem_invalid_request(exchange, wrong);
        return;
    }
    if (!caller_act_for(&caller, exchange, filter.user_id))
        return;
    call = user_call_new(exchange);
    call->filter = filter;
    user_call_submit(call, run_list, answer_list);
}

/* False: answered. */
static bool is_well_formed(struct http_exchange *exchange, enum use_body_fault fault,
                           const char *text)
{
    if (fault == USE_BODY_NOT_JSON)
        problem_invalid_json(exchange, text);
    else if (fault == USE_BODY_INVALID)
        problem_invalid_request(exchange, text);
    return fault == USE_BODY_OK;
}

/* Whose wish it is. The one who is named in the request must be the caller; where nobody is known,
 * user_id stays 0. False: answered. */
static bool settle_user(struct http_exchange *exchange, struct caller *caller,
                        struct user_coupon_wish *wish)
{
    if (wish->user_id && !caller_act_for(caller, exchange, wish->user_id))
        return false;
    wish->user_id = caller->user_id;
    return true;
}

static enum sql_class run_read(struct sql_job *job, struct sql_session *session,
                               struct sql_fault *fault)
{
    struct user_call *call = CONTAINER_OF(job, struct user_call, job);

    return user_coupon_page_read_one(session, call->wish.coupon_id, call->wish.issue_no,
                                     &call->page, fault);
}

static void answer_read(struct user_call *call)
{
    const struct user_coupon_view *view = call->page.items;

    if (call->page.count == 0) {
        answer_refusal(call, USER_COUPON_STEP_UNKNOWN);
    } else if (call->wish.user_id && call->wish.user_id != view->held.user_id) {
        answer_refusal(call, USER_COUPON_STEP_FORBIDDEN);
    } else {
        strbuf_clear(&call->thread->scratch);
        user_coupon_answer_view(view, &call->thread->scratch);
        answer_json(call);
    }
}

void user_coupon_handle_read(struct http_exchange *exchange)
{
    struct user_coupon_wish wish;
    struct user_call *call;
    struct caller caller;
    char text[256];

    if (!caller_identify(exchange, &caller) ||
        !is_well_formed(
            exchange, use_body_read_path(http_exchange_request(exchange), &wish, text, sizeof text),
            text) ||
        !settle_user(exchange, &caller, &wish))
        return;
    call = user_call_new(exchange);
    call->wish = wish;
    user_call_submit(call, run_read, answer_read);
}

/* A call that changes something, or NULL and it was answered. */
static struct user_call *call_for_change(struct http_exchange *exchange, enum use_body_kind kind)
{
    struct user_coupon_wish wish;
    struct user_call *call;
    struct caller caller;
    char text[256];

    if (!caller_identify(exchange, &caller) ||
        !is_well_formed(
            exchange,
            use_body_read(http_exchange_request(exchange), kind, &wish, text, sizeof text), text) ||
        !settle_user(exchange, &caller, &wish))
        return NULL;
    call = user_call_new(exchange);
    call->wish = wish;
    return call;
}

static void answer_change(struct user_call *call,
                          void (*encode)(const struct user_coupon_wish *wish,
                                         const struct user_coupon_outcome *outcome,
                                         struct strbuf *out))
{
    const struct user_coupon_outcome *outcome = &call->outcome;

    if (outcome->step != USER_COUPON_STEP_CHANGE && outcome->step != USER_COUPON_STEP_NONE) {
        answer_refusal(call, outcome->step);
        return;
    }
    strbuf_clear(&call->thread->scratch);
    encode(&call->wish, outcome, &call->thread->scratch);
    answer_json(call);
}

static enum sql_class use(void *cookie, struct sql_session *session, struct sql_fault *fault)
{
    struct user_call *call = cookie;

    return user_coupon_change_use(session, &call->wish, &call->outcome, fault);
}

static enum sql_class run_use(struct sql_job *job, struct sql_session *session,
                              struct sql_fault *fault)
{
    return sql_transaction_run(session, use, CONTAINER_OF(job, struct user_call, job), fault);
}

static void answer_use(struct user_call *call)
{
    answer_change(call, user_coupon_answer_use);
}

void user_coupon_handle_use(struct http_exchange *exchange)
{
    struct user_call *call = call_for_change(exchange, USE_BODY_USE);

    if (call)
        user_call_submit(call, run_use, answer_use);
}

static enum sql_class cancel(void *cookie, struct sql_session *session, struct sql_fault *fault)
{
    struct user_call *call = cookie;

    return user_coupon_change_cancel(session, &call->wish, &call->outcome, fault);
}

static enum sql_class run_cancel(struct sql_job *job, struct sql_session *session,
                                 struct sql_fault *fault)
{
    return sql_transaction_run(session, cancel, CONTAINER_OF(job, struct user_call, job), fault);
}

static void answer_cancel(struct user_call *call)
{
    answer_change(call, user_coupon_answer_cancel);
}

void user_coupon_handle_cancel(struct http_exchange *exchange)
{
    struct user_call *call = call_for_change(exchange, USE_BODY_CANCEL);

    if (call)
        user_call_submit(call, run_cancel, answer_cancel);
}
