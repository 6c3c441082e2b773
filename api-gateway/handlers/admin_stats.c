#include "api-gateway/handlers/admin.h"

#include "api-gateway/coupon_stats.h"
#include "api-gateway/handlers/admin_answer.h"
#include "api-gateway/handlers/problems.h"
#include "common/base/container_of.h"

static enum sql_class run_stats(struct sql_job *job, struct sql_session *session,
                                struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);
    struct coupon_stats stats;
    enum sql_class class = coupon_stats_read(session, call->change.coupon_id, &stats, fault);

    if (class == SQL_OK && stats.coupon.coupon_id != 0)
        coupon_stats_encode(&stats, &call->json);
    return class;
}

static void answer_stats(struct admin_call *call)
{
    if (!call->exchange)
        return;
    if (call->json.len > 0)
        admin_answer_json(call, 200, "");
    else
        problem_unknown_coupon(call->exchange);
}

void admin_handle_stats(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_by_id(exchange);

    if (call)
        admin_call_submit(call, run_stats, answer_stats);
}
