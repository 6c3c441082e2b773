#include "api-gateway/handlers/admin.h"

#include <inttypes.h>
#include <stdio.h>

#include "api-gateway/coupon_insert.h"
#include "api-gateway/handlers/admin_answer.h"
#include "api-gateway/handlers/admin_query.h"
#include "api-gateway/handlers/problems.h"
#include "api-gateway/policy_store.h"
#include "common/base/container_of.h"
#include "common/base/log.h"

#define LOCATION "/admin/v1/policies/"

static enum sql_class run_create(struct sql_job *job, struct sql_session *session,
                                 struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);

    return coupon_insert_policy(session, &call->log, &call->policy, fault);
}

static void answer_create(struct admin_call *call)
{
    const struct policy *policy = &call->policy;
    char location[80];

    for (size_t i = 0; i < policy->window_count; i++)
        admin_announce(call, &policy->windows[i]);
    log_info("policy_created", "policy %" PRIu64 ", %zu windows", policy->policy_id,
             policy->window_count);
    if (!call->exchange)
        return;
    snprintf(location, sizeof location, "Location: " LOCATION "%" PRIu64 "\r\n", policy->policy_id);
    policy_encode(policy, &call->json);
    admin_answer_json(call, 201, location);
}

void admin_handle_policy_create(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_new(exchange);
    struct http_slice body = http_exchange_request(exchange)->body;
    char error[512];
    bool not_json;

    if (!call)
        return;
    call->taken = (struct admin_taken){"POLICY_EXISTS", "There is a policy with this policyId."};
    if (policy_decode(body.data, body.len, &call->policy, &not_json, error, sizeof error))
        admin_call_submit(call, run_create, answer_create);
    else
        admin_refuse(call, not_json ? problem_invalid_json : problem_invalid_request, error);
}

/* One policy more than is shown tells whether there is a next page. */
static enum sql_class run_list(struct sql_job *job, struct sql_session *session,
                               struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);
    struct policy_page page;
    enum sql_class class =
        policy_store_read(session, call->filter.after_id + 1, call->filter.limit + 1, &page, fault);

    strbuf_add_text(&call->json, "{\"policies\":[");
    for (size_t i = 0; i < page.count && i < call->filter.limit; i++) {
        if (i > 0)
            strbuf_add(&call->json, ",", 1);
        policy_encode(&page.policies[i], &call->json);
        call->last_id = page.policies[i].policy_id;
    }
    if (page.count > call->filter.limit)
        strbuf_addf(&call->json, "],\"nextCursor\":\"%" PRIu64 "\"}", call->last_id);
    else
        strbuf_add_text(&call->json, "],\"nextCursor\":null}");
    policy_page_free(&page);
    return class;
}

static void answer_list(struct admin_call *call)
{
    if (call->exchange)
        admin_answer_json(call, 200, "");
}

void admin_handle_policy_list(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_new(exchange);
    const char *wrong;

    if (!call)
        return;
    wrong = admin_query_read(http_exchange_request(exchange), &call->filter);
    if (!wrong && !call->filter.any_status)
        wrong = "policies have no status; their windows have";
    if (wrong)
        admin_refuse(call, problem_invalid_request, wrong);
    else
        admin_call_submit(call, run_list, answer_list);
}

static enum sql_class run_read(struct sql_job *job, struct sql_session *session,
                               struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);
    uint64_t policy_id = call->change.coupon_id;
    struct policy_page page;
    enum sql_class class = policy_store_read(session, policy_id, 1, &page, fault);

    if (page.count > 0 && page.policies[0].policy_id == policy_id)
        policy_encode(&page.policies[0], &call->json);
    policy_page_free(&page);
    return class;
}

static void answer_read(struct admin_call *call)
{
    if (!call->exchange)
        return;
    if (call->json.len > 0)
        admin_answer_json(call, 200, "");
    else
        http_exchange_problem(call->exchange, 404, "UNKNOWN_POLICY",
                              "There is no policy with this id.", NULL, NULL);
}

void admin_handle_policy_read(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_by_id(exchange);

    if (call)
        admin_call_submit(call, run_read, answer_read);
}
