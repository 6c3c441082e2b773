#ifndef ISSUE_DECISION_H
#define ISSUE_DECISION_H

#include <stddef.h>
#include <stdint.h>

#include "common/contract/coupon.h"
#include "common/contract/issue_request.h"
#include "common/contract/issue_result.h"

/* Decides the records of one batch, in order, from what the database held before it. Pure: no
 * clock, no I/O; the same inputs give the same verdicts. It remembers what it decided, so that a
 * record sees the ones before it in its batch. */
struct issue_decision;

struct issue_decision *issue_decision_new(void);
void issue_decision_free(struct issue_decision *decision);

/* Forget everything: the next batch, or the same once more. Keeps the memory. */
void issue_decision_clear(struct issue_decision *decision);

/* What the database holds. A coupon's issued_count and status are those at the batch's start. */
void issue_decision_add_coupon(struct issue_decision *decision, const struct coupon *coupon);

/* A user holds count coupons of a kind, numbered up to last_seq. */
void issue_decision_add_holding(struct issue_decision *decision, uint64_t coupon_id,
                                uint64_t user_id, uint32_t count, uint32_t last_seq);

/* A request that was decided in an earlier batch; ids 0 where the row has NULL. */
void issue_decision_add_known(struct issue_decision *decision, const char *request_id,
                              uint64_t coupon_id, uint64_t user_id);

/* The same of one whose result is DEAD_LETTERED: a replay of it is decided. */
void issue_decision_add_failed(struct issue_decision *decision, const char *request_id,
                               uint64_t coupon_id, uint64_t user_id);

enum issue_verdict_kind {
    ISSUE_VERDICT_DECIDED,  /* outcome holds; a result row, and with ISSUED a user_coupon row; of a
                               replayed request in the place of a row DEAD_LETTERED */
    ISSUE_VERDICT_REPEATED, /* this request was decided before: nothing to do */
    ISSUE_VERDICT_CONFLICT, /* its id was used by another request, whose decision stands: DLT only
                             */
    ISSUE_VERDICT_FAULTY    /* unreadable: DLT; with a request_id also a result DEAD_LETTERED */
};

struct issue_verdict {
    enum issue_verdict_kind kind;
    enum issue_outcome outcome;
    uint64_t coupon_id;    /* the policy's coupon where the request named a policy; 0: none */
    uint32_t issue_no;     /* ISSUED: 1…total_stock */
    uint32_t user_seq;     /* ISSUED: 1…per_user_limit */
    int64_t expires_at_ms; /* ISSUED: 0…TIMESTAMP_MAX_MS, or COUPON_NEVER_MS without expiry */
};

/* Decide the next record of the batch. now_ms is the database's clock at the batch's start: the
 * time of issue, from which valid_for_seconds runs; windows go by request->accepted_at_ms. The
 * rules in their order: seen before · unknown coupon · not started (a draft never is) · ended ·
 * closed before it was accepted · the user has as many as allowed · sold out · issued. */
void issue_decide(struct issue_decision *decision, const struct issue_request *request,
                  enum issue_request_fault fault, int64_t now_ms, struct issue_verdict *verdict);

/* The same for a record that an operator produced again. It was not seen before if DEAD_LETTERED is
 * all that came of it, for the same user and coupon as far as they were readable. Where that came
 * of a record of this batch, that record's verdict becomes ISSUE_VERDICT_CONFLICT: verdicts stay
 * where they are until issue_decision_clear. */
void issue_decide_replay(struct issue_decision *decision, const struct issue_request *request,
                         enum issue_request_fault fault, int64_t now_ms,
                         struct issue_verdict *verdict);

/* How many of a coupon are issued after what was decided so far. The coupon was added. */
uint32_t issue_decision_issued_count(const struct issue_decision *decision, uint64_t coupon_id);

#endif
