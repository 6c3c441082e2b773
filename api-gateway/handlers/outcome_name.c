#include "api-gateway/handlers/outcome_name.h"

#include <string.h>

#include "common/base/check.h"

static const char prefix[] = "/api/coupons/";

bool outcome_wanted(const struct http_request *request)
{
    size_t len = sizeof prefix - 1;

    return request->path.len > len && memcmp(request->path.data, prefix, len) == 0;
}

static const struct {
    const char *code;
    const char *name;
} names[] = {
    {"ISSUED", "SUCCESS"},
    {"INVALID_JSON", "VALIDATION_FAILED"},
    {"INVALID_REQUEST", "VALIDATION_FAILED"},
    {"UNKNOWN_COUPON", "VALIDATION_FAILED"},
    {"UNKNOWN_REQUEST", "VALIDATION_FAILED"},
    {"UNAUTHORIZED", "VALIDATION_FAILED"},
    {"FORBIDDEN", "VALIDATION_FAILED"},
    {"BAD_REQUEST", "VALIDATION_FAILED"},
    {"NOT_FOUND", "VALIDATION_FAILED"},
    {"METHOD_NOT_ALLOWED", "VALIDATION_FAILED"},
    {"CONTENT_TOO_LARGE", "VALIDATION_FAILED"},
    {"UNSUPPORTED_MEDIA_TYPE", "VALIDATION_FAILED"},
    {"EXPECTATION_FAILED", "VALIDATION_FAILED"},
    {"HEAD_TOO_LARGE", "VALIDATION_FAILED"},
    {"ALREADY_ISSUED", "DUPLICATE_REQUEST"},
    {"SOLD_OUT", "OUT_OF_STOCK"},
    {"NOT_STARTED", "BUSINESS_ERROR"},
    {"ENDED", "BUSINESS_ERROR"},
    {"PAUSED", "BUSINESS_ERROR"},
    {"CLOSED", "BUSINESS_ERROR"},
    {"PENDING", NULL},
    /* Not the end of the request: it may be sent again. */
    {"RATE_LIMITED", "SYSTEM_ERROR"},
    {"REQUEST_TIMEOUT", "SYSTEM_ERROR"},
    {"UNAVAILABLE", "SYSTEM_ERROR"},
};

const char *outcome_name(const char *code)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].code, code) == 0)
            return names[i].name;
    return "SYSTEM_ERROR";
}

void outcome_add(struct strbuf *out, const char *code)
{
    const char *name = outcome_name(code);

    strbuf_add_text(out, "\"resultCode\":");
    if (!name) {
        strbuf_add_text(out, "null");
        return;
    }
    strbuf_add_text(out, "\"");
    strbuf_add_text(out, name);
    strbuf_add_text(out, "\"");
}

/* The text of a member that is a string, cut to code; false: it is null or not there. None of ours
 * needs an escape, and requestId, the only one that others choose, holds no quotes. */
static bool find_text(const char *json, size_t len, const char *member, char code[32])
{
    size_t member_len = strlen(member);
    const char *at = memmem(json, len, member, member_len);
    const char *end = json + len;
    size_t i = 0;

    if (!at)
        return false;
    for (at += member_len; at < end && *at != '"' && i < 31; at++)
        code[i++] = *at;
    code[i] = '\0';
    return true;
}

void outcome_add_result(struct strbuf *out, const char *json, size_t len)
{
    char code[32] = "";

    CHECK(len > 2 && json[len - 1] == '}', "a result of %zu bytes", len);
    if (!find_text(json, len, "\"reason\":\"", code))
        find_text(json, len, "\"status\":\"", code);
    strbuf_add(out, json, len - 1);
    strbuf_add_text(out, ",");
    outcome_add(out, code);
    strbuf_add_text(out, "}");
}
