#include "api-gateway/access_log.h"

#include <string.h>

#include "api-gateway/trace.h"
#include "common/base/log.h"
#include "common/contract/request_id.h"

/* The value of a route's {name}, or nothing. */
static struct http_slice param(const char *pattern, const struct http_request *request,
                               const char *name)
{
    size_t index = 0;

    for (const char *at = strchr(pattern, '{'); at; at = strchr(at + 1, '{'), index++)
        if (index < request->param_count && strncmp(at + 1, name, strlen(name)) == 0 &&
            at[1 + strlen(name)] == '}')
            return request->params[index];
    return (struct http_slice){NULL, 0};
}

void access_log_write(const char *pattern, const struct http_request *request,
                      const char *request_id, int status, int64_t duration_us)
{
    struct http_slice asked = param(pattern, request, "requestId");
    struct log_answer answer = {
        .method = http_method_name(request->method),
        .route = pattern,
        .status = status,
        .duration_us = duration_us,
    };
    struct log_about about = {.request_id = request_id, .answer = &answer};
    char traceparent[TRACEPARENT_SIZE];
    char id[REQUEST_ID_MAX + 1] = "";

    if (!request_id && request_id_valid(asked.data, asked.len)) {
        memcpy(id, asked.data, asked.len);
        about.request_id = id;
    }
    http_slice_id(param(pattern, request, "couponId"), &about.coupon_id);
    if (pattern[0]) {
        trace_read(request, traceparent);
        about.traceparent = traceparent;
    }
    log_write_about(LOG_LEVEL_INFO, &about, "access", "%s %s %d", answer.method, pattern, status);
}
