#include "api-gateway/handlers/issue_answer.h"

#include "api-gateway/handlers/outcome_name.h"
#include "common/http/http_exchange.h"

static void add_result_url(struct strbuf *out, const struct issue_request *request,
                           struct issue_style style, struct result_location location)
{
    strbuf_add_text(out, style.outcome ? "/api/coupons/result/" : "/api/v1/coupons/result/");
    strbuf_add_text(out, request->request_id);
    if (location.partition < 0)
        return;
    strbuf_add_text(out, "?at=");
    result_location_write(location, out);
}

void issue_answer_accepted(struct io_thread *thread, struct http_exchange *exchange,
                           const struct issue_request *request, struct issue_style style,
                           struct result_location location)
{
    struct strbuf *body = &thread->scratch;
    int64_t position = progress_position(&thread->progress, location.partition, location.offset);
    struct strbuf *fields = &thread->fields;
    size_t url;
    size_t url_len;

    strbuf_clear(body);
    strbuf_add_text(body, "{\"requestId\":\"");
    strbuf_add_text(body, request->request_id);
    strbuf_add_text(body, "\",\"couponId\":");
    strbuf_add_u64(body, request->coupon_id);
    strbuf_add_text(body, ",\"userId\":");
    strbuf_add_u64(body, request->user_id);
    strbuf_add_text(body, ",\"status\":\"PENDING\",\"resultUrl\":\"");
    url = body->len;
    add_result_url(body, request, style, location);
    url_len = body->len - url;
    strbuf_add_text(body, "\",\"position\":");
    if (position >= 0)
        strbuf_add_u64(body, (uint64_t)position);
    else
        strbuf_add_text(body, "null");
    if (style.publish)
        strbuf_add_text(body, ",\"code\":200,\"message\":\"OK\"");
    if (style.outcome) {
        strbuf_add_text(body, ",");
        outcome_add(body, "PENDING");
    }
    strbuf_add_text(body, "}");
    strbuf_clear(fields);
    strbuf_add_text(fields, "Location: ");
    strbuf_add(fields, body->data + url, url_len);
    strbuf_add_text(fields, "\r\nRetry-After: ");
    strbuf_add_u64(fields,
                   (uint64_t)progress_retry_after(&thread->progress, location.partition, position));
    strbuf_add_text(fields, "\r\n");
    thread->answering = request->request_id;
    http_exchange_json(exchange, 202, fields->data, body->data, body->len);
}

void issue_answer_unknown(struct io_thread *thread, struct http_exchange *exchange,
                          const struct issue_request *request, struct issue_style style)
{
    struct strbuf members = STRBUF_INIT;

    gateway_metrics_unknown(thread->metrics);
    strbuf_add_text(&members, "\"outcome\":\"unknown\",\"requestId\":\"");
    strbuf_add_text(&members, request->request_id);
    strbuf_add_text(&members, "\",\"resultUrl\":\"");
    add_result_url(&members, request, style, RESULT_LOCATION_NONE);
    strbuf_add_text(&members, "\"");
    thread->answering = request->request_id;
    http_exchange_problem(
        exchange, 503, "UNAVAILABLE",
        "It is not known whether the request was taken in. Poll its result, or send "
        "it again with the same Idempotency-Key.",
        "Retry-After: 1\r\n", members.data);
    strbuf_free(&members);
}
