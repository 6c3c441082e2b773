#ifndef ISSUE_RESULT_H
#define ISSUE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/contract/request_id.h"

/* How a request ended; the order is that of the ENUM in deploy/schema. */
enum issue_outcome {
    ISSUE_OUTCOME_ISSUED = 1,
    ISSUE_OUTCOME_SOLD_OUT,
    ISSUE_OUTCOME_ALREADY_ISSUED,
    ISSUE_OUTCOME_NOT_STARTED,
    ISSUE_OUTCOME_ENDED,
    ISSUE_OUTCOME_CLOSED,
    ISSUE_OUTCOME_UNKNOWN_COUPON,
    ISSUE_OUTCOME_DEAD_LETTERED
};

/* "ISSUED", "SOLD_OUT", …, "DEAD_LETTERED": SQL, metrics. */
const char *issue_outcome_name(enum issue_outcome outcome);
bool issue_outcome_parse(const char *name, enum issue_outcome *outcome);

/* A final result. 0 in an id or a time means that it is not known or does not apply. */
struct issue_result {
    char request_id[REQUEST_ID_MAX + 1];
    uint64_t coupon_id;
    uint64_t user_id;
    enum issue_outcome outcome;
    uint32_t issue_no;
    int64_t issued_at_ms;
    int64_t expires_at_ms;
    int64_t decided_at_ms;
};

/* Append the result as the HTTP contract shows it, every member present, unknown ones null:
 * {"requestId","couponId","userId","status","reason","issueNo","issuedAt","expiresAt","decidedAt"}
 * with status ISSUED | REJECTED | FAILED and reason null when ISSUED. These bytes are also the
 * value in Redis. */
void issue_result_encode(const struct issue_result *result, struct strbuf *out);

/* The userId in bytes that issue_result_encode wrote; 0: null, or other bytes. */
uint64_t issue_result_user(const char *json, size_t len);

/* The answer while there is no result yet: status PENDING and the other members null, and behind
 * them one more, "position"; -1 when it is not known (then null). coupon_id and user_id 0 when not
 * known. */
void issue_result_encode_pending(const char *request_id, uint64_t coupon_id, uint64_t user_id,
                                 int64_t position, struct strbuf *out);

#endif
