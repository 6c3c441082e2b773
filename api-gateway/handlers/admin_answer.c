#include "api-gateway/handlers/admin_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api-gateway/handlers/problems.h"
#include "api-gateway/redis_link.h"
#include "common/contract/broadcast.h"
#include "common/contract/json.h"

void admin_refuse(struct admin_call *call, admin_problem problem, const char *detail)
{
    problem(call->exchange, detail);
    admin_call_free(call);
}

struct admin_call *admin_call_by_id(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_new(exchange);

    if (!call || http_slice_id(http_exchange_request(exchange)->params[0], &call->change.coupon_id))
        return call;
    admin_refuse(call, problem_invalid_request,
                 "The id in the path must be an integer from 1 to 9223372036854775807.");
    return NULL;
}

admin_problem admin_check_empty(struct http_exchange *exchange)
{
    struct http_slice body = http_exchange_request(exchange)->body;
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

void admin_answer_json(struct admin_call *call, int status, const char *fields)
{
    http_exchange_json(call->exchange, status, fields[0] ? fields : NULL, call->json.data,
                       call->json.len);
}

void admin_answer_coupon(struct admin_call *call, int status, const char *fields)
{
    char all_fields[160];

    strbuf_clear(&call->json);
    coupon_encode(&call->change.coupon, &call->json);
    snprintf(all_fields, sizeof all_fields, "%sETag: \"%" PRIu32 "\"\r\n", fields,
             call->change.coupon.version);
    admin_answer_json(call, status, all_fields);
}

static void conflict(struct admin_call *call, const char *code, const char *detail)
{
    http_exchange_problem(call->exchange, 409, code, detail, NULL, NULL);
}

void admin_answer_change(struct admin_call *call)
{
    switch (call->change.end) {
    case COUPON_CHANGE_DONE:
    case COUPON_CHANGE_NONE:
        admin_answer_coupon(call, 200, "");
        return;
    case COUPON_CHANGE_UNKNOWN:
        problem_unknown_coupon(call->exchange);
        return;
    case COUPON_CHANGE_STALE:
        http_exchange_problem(call->exchange, 412, "STALE",
                              "The coupon was changed since: read it again and send its ETag in "
                              "If-Match.",
                              NULL, NULL);
        return;
    case COUPON_CHANGE_CLOSED:
        conflict(call, "CLOSED", "The coupon is closed for good; only its name can change.");
        return;
    case COUPON_CHANGE_NOT_OPEN:
        conflict(call, "NOT_OPEN", "Only a coupon that is open can be paused.");
        return;
    case COUPON_CHANGE_BELOW_ISSUED:
        conflict(call, "BELOW_ISSUED", "totalStock can't be less than what is issued already.");
        return;
    case COUPON_CHANGE_GIVEN_OUT:
        conflict(call, "GIVEN_OUT",
                 "Users hold it: it can't be deleted, nor its discount be changed.");
        return;
    case COUPON_CHANGE_OVERLAP:
        conflict(call, "WINDOW_OVERLAP", "Another window of its policy is open at that time.");
        return;
    case COUPON_CHANGE_UNFIT:
        break;
    }
    problem_invalid_request(call->exchange, call->change.wrong);
}

void admin_announce(const struct admin_call *call, const struct coupon *coupon)
{
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
