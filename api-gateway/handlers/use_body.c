#include "api-gateway/handlers/use_body.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/contract/json.h"

static enum use_body_fault invalid(char *text, size_t text_size, const char *what)
{
    snprintf(text, text_size, "%s", what);
    return USE_BODY_INVALID;
}

enum use_body_fault use_body_read_path(const struct http_request *request,
                                       struct user_coupon_wish *wish, char *text, size_t text_size)
{
    struct http_slice value;
    uint64_t issue_no;
    bool twice = false;

    *wish = (struct user_coupon_wish){0};
    if (!http_slice_id(request->params[0], &wish->coupon_id))
        return invalid(text, text_size,
                       "The couponId in the path must be an integer from 1 to "
                       "9223372036854775807.");
    if (!http_slice_id(request->params[1], &issue_no) || issue_no > UINT32_MAX)
        return invalid(text, text_size,
                       "The issueNo in the path must be an integer from 1 to 4294967295.");
    wish->issue_no = (uint32_t)issue_no;
    if (http_request_query(request, "userId", &value, &twice) &&
        (twice || !http_slice_id(value, &wish->user_id)))
        return invalid(text, text_size,
                       "userId in the query must be given once and be an integer from 1 to "
                       "9223372036854775807.");
    return USE_BODY_OK;
}

static enum use_body_fault read_user(const struct json_t *body, struct user_coupon_wish *wish,
                                     char *text, size_t text_size)
{
    uint64_t user_id;

    switch (json_get_id(body, "userId", &user_id)) {
    case JSON_FIELD_ABSENT:
        return USE_BODY_OK;
    case JSON_FIELD_WRONG:
        return invalid(text, text_size, "userId must be an integer from 1 to 9223372036854775807.");
    case JSON_FIELD_PRESENT:
        break;
    }
    if (wish->user_id && wish->user_id != user_id)
        return invalid(text, text_size, "userId in the body differs from the one in the query.");
    wish->user_id = user_id;
    return USE_BODY_OK;
}

static enum use_body_fault read_members(const struct json_t *body, enum use_body_kind kind,
                                        struct user_coupon_wish *wish, char *text, size_t text_size)
{
    switch (order_id_read(body, "orderId", wish->order_id)) {
    case JSON_FIELD_ABSENT:
        return invalid(text, text_size, "orderId is missing.");
    case JSON_FIELD_WRONG:
        return invalid(text, text_size,
                       "orderId must have 1 to 64 visible ASCII characters, or be an integer.");
    case JSON_FIELD_PRESENT:
        break;
    }
    if (kind == USE_BODY_USE && json_get_integer(body, "orderAmount", 1, INT64_MAX,
                                                 &wish->order_amount) != JSON_FIELD_PRESENT)
        return invalid(text, text_size,
                       "orderAmount must be given, as an integer from 1 to 9223372036854775807: "
                       "the amount before the discount in the currency's smallest unit.");
    return read_user(body, wish, text, text_size);
}

enum use_body_fault use_body_read(const struct http_request *request, enum use_body_kind kind,
                                  struct user_coupon_wish *wish, char *text, size_t text_size)
{
    enum use_body_fault fault = use_body_read_path(request, wish, text, text_size);
    struct json_t *body;

    if (fault != USE_BODY_OK)
        return fault;
    switch (json_read_object(request->body.data, request->body.len, &body, text, text_size)) {
    case JSON_OK:
        break;
    case JSON_INVALID:
        return USE_BODY_NOT_JSON;
    case JSON_UNUSABLE:
    case JSON_NOT_OBJECT:
        return USE_BODY_INVALID;
    }
    fault = read_members(body, kind, wish, text, text_size);
    json_free(body);
    return fault;
}
