#include "api-gateway/handlers/admin_query.h"

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

static bool read_status(struct http_slice value, enum coupon_status *status)
{
    for (int i = COUPON_DRAFT; i <= COUPON_CLOSED; i++) {
        *status = (enum coupon_status)i;
        if (http_slice_is(value, coupon_status_name(*status)))
            return true;
    }
    return false;
}

const char *admin_query_read(const struct http_request *request, struct coupon_filter *filter)
{
    struct http_slice value;
    uint64_t limit = ADMIN_QUERY_LIMIT;
    bool twice[3] = {false};

    *filter = (struct coupon_filter){.any_status = true};
    if (http_request_query(request, "status", &value, &twice[0])) {
        if (!read_status(value, &filter->status))
            return "status must be DRAFT, OPEN, PAUSED or CLOSED";
        filter->any_status = false;
    }
    if (http_request_query(request, "limit", &value, &twice[1]) &&
        (!http_slice_id(value, &limit) || limit > ADMIN_QUERY_LIMIT_MAX))
        return "limit must be an integer from 1 to " TEXT(ADMIN_QUERY_LIMIT_MAX);
    if (http_request_query(request, "cursor", &value, &twice[2]) &&
        !http_slice_id(value, &filter->after_id))
        return "cursor must be the nextCursor of an earlier page";
    if (twice[0] || twice[1] || twice[2])
        return "status, limit and cursor may be given once each";
    filter->limit = (unsigned int)limit;
    return NULL;
}
