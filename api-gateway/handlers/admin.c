#include "api-gateway/handlers/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api-gateway/handlers/admin_call.h"
#include "api-gateway/handlers/admin_query.h"
#include "api-gateway/handlers/problems.h"
#include "api-gateway/redis_link.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/contract/broadcast.h"
#include "common/contract/json.h"

#define LOCATION "/admin/v1/coupons/"

typedef void (*problem_answer)(struct http_exchange *exchange, const char *detail);

/* The call is refused before any work. */
static void refuse(struct admin_call *call, problem_answer problem, const char *detail)
{
    problem(call->exchange, detail);
    admin_call_free(call);
}

static void answer_coupon(struct admin_call *call, int status, const char *fields)
{
    strbuf_clear(&call->json);
    coupon_encode(&call->coupon, &call->json);
    http_exchange_json(call->exchange, status, fields, call->json.data, call->json.len);
}

/* Tell all gateways at once; they find out by themselves a little later if it gets lost. */
static void announce(const struct admin_call *call)
{
    const struct coupon *coupon = &call->coupon;
    bool available = coupon->status == COUPON_OPEN && coupon->issued_count < coupon->total_stock;
    const struct broadcast changed = {.type = BROADCAST_CHANGED, .coupon_id = coupon->coupon_id};
    char key[64];
    char text[BROADCAST_SIZE];
    size_t key_len =
        (size_t)snprintf(key, sizeof key, BROADCAST_AVAILABLE_PREFIX "%" PRIu64, coupon->coupon_id);
    size_t text_len = broadcast_encode(&changed, text);

    redis_link_command(call->admin->parts.redis, NULL, NULL, 3,
                       (const char *const[]){"SET", key, available ? "true" : "false"},
                       (const size_t[]){3, key_len, available ? 4 : 5});
    redis_link_command(call->admin->parts.redis, NULL, NULL, 3,
                       (const char *const[]){"PUBLISH", BROADCAST_CHANNEL, text},
                       (const size_t[]){7, strlen(BROADCAST_CHANNEL), text_len});
}

static enum sql_class run_create(struct sql_job *job, struct sql_session *session,
                                 struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);

    return coupon_change_insert(session, &call->log, &call->coupon, fault);
}

static void answer_create(struct admin_call *call)
{
    char location[80];

    announce(call);
    log_info("coupon_created", "coupon %" PRIu64 ", stock %" PRIu32, call->coupon.coupon_id,
             call->coupon.total_stock);
    if (!call->exchange)
        return;
    snprintf(location, sizeof location, "Location: " LOCATION "%" PRIu64 "\r\n",
             call->coupon.coupon_id);
    answer_coupon(call, 201, location);
}

void admin_handle_create(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_new(exchange);
    struct http_slice body = http_exchange_request(exchange)->body;
    char error[512];
    bool not_json;

    if (!call)
        return;
    if (coupon_decode(body.data, body.len, clock_wall_ms(), &call->coupon, &not_json, error,
                      sizeof error))
        admin_call_submit(call, run_create, answer_create);
    else
        refuse(call, not_json ? problem_invalid_json : problem_invalid_request, error);
}

static void list_coupon(void *cookie, const struct coupon *coupon)
{
    struct admin_call *call = cookie;

    if (call->count++ >= call->filter.limit)
        return;
    if (call->count > 1)
        strbuf_add(&call->json, ",", 1);
    coupon_encode(coupon, &call->json);
    call->last_id = coupon->coupon_id;
}

/* One coupon more than is shown tells whether there is a next page. */
static enum sql_class run_list(struct sql_job *job, struct sql_session *session,
                               struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);
    struct coupon_filter filter = call->filter;

    filter.limit++;
    strbuf_add_text(&call->json, "{\"coupons\":[");
    return coupon_store_list(session, &filter, list_coupon, call, fault);
}

static void answer_list(struct admin_call *call)
{
    if (!call->exchange)
        return;
    if (call->count > call->filter.limit)
        strbuf_addf(&call->json, "],\"nextCursor\":\"%" PRIu64 "\"}", call->last_id);
    else
        strbuf_add_text(&call->json, "],\"nextCursor\":null}");
    http_exchange_json(call->exchange, 200, NULL, call->json.data, call->json.len);
}

void admin_handle_list(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_new(exchange);
    const char *wrong;

    if (!call)
        return;
    wrong = admin_query_read(http_exchange_request(exchange), &call->filter);
    if (wrong)
        refuse(call, problem_invalid_request, wrong);
    else
        admin_call_submit(call, run_list, answer_list);
}

/* A call for the coupon in the path, or NULL and it was answered. */
static struct admin_call *call_for_coupon(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_new(exchange);

    if (!call || http_slice_id(http_exchange_request(exchange)->params[0], &call->coupon_id))
        return call;
    refuse(call, problem_invalid_request,
           "The id in the path must be an integer from 1 to 9223372036854775807.");
    return NULL;
}

static enum sql_class run_read(struct sql_job *job, struct sql_session *session,
                               struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);

    return coupon_store_read(session, call->coupon_id, &call->coupon, fault);
}

static void answer_read(struct admin_call *call)
{
    if (!call->exchange)
        return;
    if (call->coupon.coupon_id == 0)
        problem_unknown_coupon(call->exchange);
    else
        answer_coupon(call, 200, NULL);
}

void admin_handle_read(struct http_exchange *exchange)
{
    struct admin_call *call = call_for_coupon(exchange);

    if (call)
        admin_call_submit(call, run_read, answer_read);
}

static enum sql_class run_status(struct sql_job *job, struct sql_session *session,
                                 struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);

    return coupon_change_status(session, &call->log, call->coupon_id, call->wanted, &call->step,
                                &call->coupon, fault);
}

static void answer_step(struct admin_call *call)
{
    switch (call->step) {
    case COUPON_STEP_CLOSED:
        http_exchange_problem(call->exchange, 409, "CLOSED", "The coupon is closed for good.", NULL,
                              NULL);
        return;
    case COUPON_STEP_NOT_OPEN:
        http_exchange_problem(call->exchange, 409, "NOT_OPEN",
                              "Only a coupon that is open can be paused.", NULL, NULL);
        return;
    case COUPON_STEP_CHANGE:
    case COUPON_STEP_NONE:
        break;
    }
    answer_coupon(call, 200, NULL);
}

/* What is so already is told again: a gateway may have missed it. */
static void answer_status(struct admin_call *call)
{
    if (call->coupon.coupon_id != 0)
        announce(call);
    if (call->coupon.coupon_id != 0 && call->step == COUPON_STEP_CHANGE)
        log_info("coupon_changed", "coupon %" PRIu64 " is %s", call->coupon.coupon_id,
                 coupon_status_name(call->coupon.status));
    if (!call->exchange)
        return;
    if (call->coupon.coupon_id == 0)
        problem_unknown_coupon(call->exchange);
    else
        answer_step(call);
}

/* NULL for no body and for an object without members, else how the call is refused. */
static problem_answer check_empty(struct http_slice body)
{
    struct json_t *object;
    enum json_fault fault;
    bool empty;

    if (body.len == 0)
        return NULL;
    fault = json_read_object(body.data, body.len, &object, NULL, 0);
    if (fault != JSON_OK)
        return fault == JSON_INVALID ? problem_invalid_json : problem_invalid_request;
    empty = !json_unknown_member(object, NULL, 0);
    json_free(object);
    return empty ? NULL : problem_invalid_request;
}

static void change_status(struct http_exchange *exchange, enum coupon_status wanted)
{
    struct admin_call *call = call_for_coupon(exchange);
    problem_answer problem;

    if (!call)
        return;
    problem = check_empty(http_exchange_request(exchange)->body);
    call->wanted = wanted;
    if (problem)
        refuse(call, problem, "This call takes no body, or {}.");
    else
        admin_call_submit(call, run_status, answer_status);
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
