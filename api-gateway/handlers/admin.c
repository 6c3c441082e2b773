#include "api-gateway/handlers/admin.h"

#include <inttypes.h>
#include <stdio.h>

#include "api-gateway/coupon_insert.h"
#include "api-gateway/handlers/admin_answer.h"
#include "api-gateway/handlers/admin_query.h"
#include "api-gateway/handlers/problems.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"

#define LOCATION "/admin/v1/coupons/"

static enum sql_class run_create(struct sql_job *job, struct sql_session *session,
                                 struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);

    return coupon_insert(session, &call->log, &call->change.coupon, &call->overlaps, fault);
}

static void answer_create(struct admin_call *call)
{
    const struct coupon *coupon = &call->change.coupon;
    char location[80];

    if (!call->overlaps) {
        admin_announce(call, coupon);
        log_info("coupon_created", "coupon %" PRIu64 ", stock %" PRIu32, coupon->coupon_id,
                 coupon->total_stock);
    }
    if (!call->exchange)
        return;
    call->change.end = COUPON_CHANGE_OVERLAP;
    snprintf(location, sizeof location, "Location: " LOCATION "%" PRIu64 "\r\n", coupon->coupon_id);
    if (call->overlaps)
        admin_answer_change(call);
    else
        admin_answer_coupon(call, 201, location);
}

void admin_handle_create(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_new(exchange);
    struct http_slice body = http_exchange_request(exchange)->body;
    char error[512];
    bool not_json;

    if (!call)
        return;
    call->taken = (struct admin_taken){"COUPON_EXISTS", "There is a coupon with this couponId."};
    if (coupon_decode(body.data, body.len, clock_wall_ms(), &call->change.coupon, &not_json, error,
                      sizeof error))
        admin_call_submit(call, run_create, answer_create);
    else
        admin_refuse(call, not_json ? problem_invalid_json : problem_invalid_request, error);
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
    admin_answer_json(call, 200, "");
}

void admin_handle_list(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_new(exchange);
    const char *wrong;

    if (!call)
        return;
    wrong = admin_query_read(http_exchange_request(exchange), &call->filter);
    if (wrong)
        admin_refuse(call, problem_invalid_request, wrong);
    else
        admin_call_submit(call, run_list, answer_list);
}

static enum sql_class run_read(struct sql_job *job, struct sql_session *session,
                               struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);

    return coupon_store_read(session, call->change.coupon_id, &call->change.coupon, fault);
}

static void answer_read(struct admin_call *call)
{
    if (!call->exchange)
        return;
    if (call->change.coupon.coupon_id == 0)
        problem_unknown_coupon(call->exchange);
    else
        admin_answer_coupon(call, 200, "");
}

void admin_handle_read(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_by_id(exchange);

    if (call)
        admin_call_submit(call, run_read, answer_read);
}
