#include "api-gateway/handlers/admin.h"

#include <inttypes.h>

#include "api-gateway/coupon_revoke.h"
#include "api-gateway/handlers/admin_answer.h"
#include "api-gateway/handlers/problems.h"
#include "api-gateway/handlers/user_coupon_answer.h"
#include "common/base/container_of.h"
#include "common/base/log.h"

static bool is_revoked(enum user_coupon_step step)
{
    return step == USER_COUPON_STEP_CHANGE || step == USER_COUPON_STEP_NONE;
}

static enum sql_class read_back(struct admin_call *call, struct sql_session *session,
                                struct sql_fault *fault)
{
    struct user_coupon_page page = {0};
    enum sql_class class =
        user_coupon_page_read_one(session, call->wish.coupon_id, call->wish.issue_no, &page, fault);

    if (class == SQL_OK && page.count > 0)
        user_coupon_answer_view(&page.items[0], &call->json);
    user_coupon_page_free(&page);
    return class;
}

static enum sql_class run_revoke(struct sql_job *job, struct sql_session *session,
                                 struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);
    enum sql_class class = coupon_revoke(session, &call->log, &call->wish, &call->step, fault);

    return class == SQL_OK && is_revoked(call->step) ? read_back(call, session, fault) : class;
}

static void answer_revoke(struct admin_call *call)
{
    if (call->step == USER_COUPON_STEP_CHANGE)
        log_info("coupon_revoked", "coupon %" PRIu64 " number %" PRIu32, call->wish.coupon_id,
                 call->wish.issue_no);
    if (!call->exchange)
        return;
    if (is_revoked(call->step))
        admin_answer_json(call, 200, "");
    else
        http_exchange_problem(call->exchange, call->step == USER_COUPON_STEP_UNKNOWN ? 404 : 409,
                              user_coupon_step_name(call->step), user_coupon_step_text(call->step),
                              NULL, NULL);
}

void admin_handle_revoke(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_by_id(exchange);
    admin_problem problem;
    uint64_t issue_no;

    if (!call)
        return;
    problem = admin_check_empty(exchange);
    call->wish.coupon_id = call->change.coupon_id;
    if (problem) {
        admin_refuse(call, problem, ADMIN_EMPTY_WANTED);
    } else if (!http_slice_id(http_exchange_request(exchange)->params[1], &issue_no) ||
               issue_no > UINT32_MAX) {
        admin_refuse(call, problem_invalid_request,
                     "The issueNo in the path must be an integer from 1 to 4294967295.");
    } else {
        call->wish.issue_no = (uint32_t)issue_no;
        admin_call_submit(call, run_revoke, answer_revoke);
    }
}
