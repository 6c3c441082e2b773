#ifndef ISSUE_DECISION_ROWS_H
#define ISSUE_DECISION_ROWS_H

/* Requests and the verdicts expected of them, as rows of a table. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/issue_decision.h"

#define STARTS INT64_C(1000)
#define ENDS INT64_C(2000)
#define IN_TIME INT64_C(1500)
#define NOW INT64_C(5000000)
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What is asked, and what must come of it; in the order of the batch. */
struct row {
    const char *request_id;
    uint64_t coupon_id, policy_id, user_id;
    int64_t at_ms;
    enum issue_request_fault fault;
    enum issue_verdict_kind kind;
    enum issue_outcome outcome;
    uint64_t verdict_coupon;
    uint32_t issue_no, user_seq;
};

#define ISSUED(id, coupon, user, no, seq)                                                          \
    {                                                                                              \
        id, coupon, 0, user, IN_TIME, ISSUE_REQUEST_OK, ISSUE_VERDICT_DECIDED,                     \
            ISSUE_OUTCOME_ISSUED, coupon, no, seq                                                  \
    }
#define REJECTED(id, coupon, user, at, why)                                                        \
    {                                                                                              \
        id, coupon, 0, user, at, ISSUE_REQUEST_OK, ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_##why,     \
            coupon, 0, 0                                                                           \
    }
#define POLICY(id, policy, user, at, why, coupon, no, seq)                                         \
    {                                                                                              \
        id, 0, policy, user, at, ISSUE_REQUEST_OK, ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_##why,     \
            coupon, no, seq                                                                        \
    }
#define UNDECIDED(id, coupon, policy, user, fault, kind, verdict_coupon)                           \
    {                                                                                              \
        id, coupon, policy, user, IN_TIME, fault, ISSUE_VERDICT_##kind, 0, verdict_coupon, 0, 0    \
    }

static inline struct coupon coupon_of(uint64_t id, uint32_t total, uint32_t issued, uint32_t limit)
{
    return (struct coupon){
        .coupon_id = id,
        .total_stock = total,
        .issued_count = issued,
        .per_user_limit = limit,
        .issue_starts_at_ms = STARTS,
        .issue_ends_at_ms = ENDS,
        .valid_until_ms = COUPON_NEVER_MS,
        .status = COUPON_OPEN,
        .closed_at_ms = COUPON_NEVER_MS,
    };
}

static inline struct issue_verdict decide(struct issue_decision *decision, const struct row *row)
{
    struct issue_request request = {
        .coupon_id = row->coupon_id,
        .policy_id = row->policy_id,
        .user_id = row->user_id,
        .accepted_at_ms = row->at_ms,
    };
    struct issue_verdict verdict;

    strcpy(request.request_id, row->request_id);
    memset(&verdict, 0xAA, sizeof verdict);
    issue_decide(decision, &request, row->fault, NOW, &verdict);
    return verdict;
}

static inline void expect_rows(struct issue_decision *decision, const struct row *rows,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct issue_verdict seen = decide(decision, row);
        bool outcome_counts = row->kind == ISSUE_VERDICT_DECIDED;

        if (seen.kind != row->kind || (outcome_counts && seen.outcome != row->outcome) ||
            seen.coupon_id != row->verdict_coupon || seen.issue_no != row->issue_no ||
            seen.user_seq != row->user_seq)
            fail_msg("row %zu, %s: expected kind %d, outcome %d, coupon %" PRIu64 ", no %" PRIu32
                     ", seq %" PRIu32 "; saw %d, %d, %" PRIu64 ", %" PRIu32 ", %" PRIu32,
                     i, row->request_id, row->kind, row->outcome, row->verdict_coupon,
                     row->issue_no, row->user_seq, seen.kind, seen.outcome, seen.coupon_id,
                     seen.issue_no, seen.user_seq);
        if (seen.issue_no == 0 && seen.expires_at_ms != COUPON_NEVER_MS)
            fail_msg("row %zu, %s: nothing issued, and it expires at %" PRId64, i, row->request_id,
                     seen.expires_at_ms);
    }
}

/* Rows decided on these coupons alone. */
static inline void expect_with(const struct coupon *coupons, size_t coupon_count,
                               const struct row *rows, size_t count)
{
    struct issue_decision *decision = issue_decision_new();

    for (size_t i = 0; i < coupon_count; i++)
        issue_decision_add_coupon(decision, &coupons[i]);
    expect_rows(decision, rows, count);
    issue_decision_free(decision);
}

#endif
