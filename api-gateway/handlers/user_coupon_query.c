#include "api-gateway/handlers/user_coupon_query.h"

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

const char *user_coupon_query_read(const struct http_request *request,
                                   struct user_coupon_filter *filter)
{
    struct http_slice value;
    uint64_t limit = USER_COUPON_QUERY_LIMIT;
    bool twice[3] = {false};

    *filter = (struct user_coupon_filter){.any_status = true};
    if (!http_slice_id(request->params[0], &filter->user_id))
        return "The id in the path must be an integer from 1 to 9223372036854775807.";
    if (http_request_query(request, "status", &value, &twice[0])) {
        if (!user_coupon_status_parse(value.data, value.len, &filter->status))
            return "status must be ISSUED, USED, EXPIRED or REVOKED.";
        filter->any_status = false;
    }
    if (http_request_query(request, "limit", &value, &twice[1]) &&
        (!http_slice_id(value, &limit) || limit > USER_COUPON_QUERY_LIMIT_MAX))
        return "limit must be an integer from 1 to " TEXT(USER_COUPON_QUERY_LIMIT_MAX) ".";
    if (http_request_query(request, "cursor", &value, &twice[2]) &&
        !user_coupon_cursor_parse(value.data, value.len, &filter->after))
        return "cursor must be the nextCursor of an earlier page.";
    if (twice[0] || twice[1] || twice[2])
        return "status, limit and cursor may be given once each.";
    filter->limit = (uint32_t)limit;
    return NULL;
}
