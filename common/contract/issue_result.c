#include "common/contract/issue_result.h"

#include <string.h>

#include "common/base/check.h"
#include "common/base/timestamp.h"

static const char *const outcome_names[] = {
    [ISSUE_OUTCOME_ISSUED] = "ISSUED",
    [ISSUE_OUTCOME_SOLD_OUT] = "SOLD_OUT",
    [ISSUE_OUTCOME_ALREADY_ISSUED] = "ALREADY_ISSUED",
    [ISSUE_OUTCOME_NOT_STARTED] = "NOT_STARTED",
    [ISSUE_OUTCOME_ENDED] = "ENDED",
    [ISSUE_OUTCOME_CLOSED] = "CLOSED",
    [ISSUE_OUTCOME_UNKNOWN_COUPON] = "UNKNOWN_COUPON",
    [ISSUE_OUTCOME_DEAD_LETTERED] = "DEAD_LETTERED",
};

const char *issue_outcome_name(enum issue_outcome outcome)
{
    CHECK(outcome >= ISSUE_OUTCOME_ISSUED && outcome <= ISSUE_OUTCOME_DEAD_LETTERED, "outcome %d",
          (int)outcome);
    return outcome_names[outcome];
}

bool issue_outcome_parse(const char *name, enum issue_outcome *outcome)
{
    for (int i = ISSUE_OUTCOME_ISSUED; i <= ISSUE_OUTCOME_DEAD_LETTERED; i++) {
        if (strcmp(name, outcome_names[i]) == 0) {
            *outcome = (enum issue_outcome)i;
            return true;
        }
    }
    return false;
}

static const char *status_name(enum issue_outcome outcome)
{
    switch (outcome) {
    case ISSUE_OUTCOME_ISSUED:
        return "ISSUED";
    case ISSUE_OUTCOME_DEAD_LETTERED:
        return "FAILED";
    default:
        return "REJECTED";
    }
}

static void add_number(struct strbuf *out, uint64_t number)
{
    if (number == 0)
        strbuf_add_text(out, "null");
    else
        strbuf_add_u64(out, number);
}

static void add_time(struct strbuf *out, int64_t wall_ms)
{
    char text[TIMESTAMP_SIZE + 2] = "\"";

    if (wall_ms == 0) {
        strbuf_add_text(out, "null");
        return;
    }
    timestamp_format(wall_ms, text + 1);
    text[TIMESTAMP_SIZE] = '"';
    strbuf_add(out, text, TIMESTAMP_SIZE + 1);
}

static void add_ids(struct strbuf *out, const char *request_id, size_t request_id_len,
                    uint64_t coupon_id, uint64_t user_id)
{
    CHECK(request_id_valid(request_id, request_id_len), "request id of %zu bytes", request_id_len);
    strbuf_add_text(out, "{\"requestId\":\"");
    strbuf_add(out, request_id, request_id_len);
    strbuf_add_text(out, "\",\"couponId\":");
    add_number(out, coupon_id);
    strbuf_add_text(out, ",\"userId\":");
    add_number(out, user_id);
}

void issue_result_encode(const struct issue_result *result, struct strbuf *out)
{
    const char *reason = issue_outcome_name(result->outcome);

    add_ids(out, result->request_id, strnlen(result->request_id, sizeof result->request_id),
            result->coupon_id, result->user_id);
    strbuf_add_text(out, ",\"status\":\"");
    strbuf_add_text(out, status_name(result->outcome));
    if (result->outcome == ISSUE_OUTCOME_ISSUED) {
        strbuf_add_text(out, "\",\"reason\":null");
    } else {
        strbuf_add_text(out, "\",\"reason\":\"");
        strbuf_add_text(out, reason);
        strbuf_add_text(out, "\"");
    }
    strbuf_add_text(out, ",\"issueNo\":");
    add_number(out, result->issue_no);
    strbuf_add_text(out, ",\"issuedAt\":");
    add_time(out, result->issued_at_ms);
    strbuf_add_text(out, ",\"expiresAt\":");
    add_time(out, result->expires_at_ms);
    strbuf_add_text(out, ",\"decidedAt\":");
    add_time(out, result->decided_at_ms);
    strbuf_add_text(out, "}");
}

void issue_result_encode_pending(const char *request_id, uint64_t coupon_id, uint64_t user_id,
                                 int64_t position, struct strbuf *out)
{
    add_ids(out, request_id, strlen(request_id), coupon_id, user_id);
    strbuf_add_text(out,
                    ",\"status\":\"PENDING\",\"reason\":null,\"issueNo\":null,\"issuedAt\":null,"
                    "\"expiresAt\":null,\"decidedAt\":null,\"position\":");
    if (position < 0)
        strbuf_add_text(out, "null");
    else
        strbuf_add_u64(out, (uint64_t)position);
    strbuf_add_text(out, "}");
}

uint64_t issue_result_user(const char *json, size_t len)
{
    static const char name[] = ",\"userId\":";
    /* No request id holds a quotation mark, so that the first one is the member itself. */
    const char *found = memmem(json, len, name, sizeof name - 1);
    uint64_t user_id = 0;
    const char *at = found ? found + sizeof name - 1 : json + len;

    while (at < json + len && *at >= '0' && *at <= '9' && user_id <= INT64_MAX / 10)
        user_id = 10 * user_id + (uint64_t)(*at++ - '0');
    return user_id;
}
