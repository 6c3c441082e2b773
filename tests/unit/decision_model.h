#ifndef DECISION_MODEL_H
#define DECISION_MODEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "issue-worker/issue_decision.h"

/* The decision once more, as plainly as can be: arrays of all that ever happened, scanned for each
 * record. */
#define COUPONS_MAX 6
#define RECORDS_MAX 60
#define ROWS_MAX 200
#define NOW INT64_C(1000000)

struct record {
    struct issue_request request;
    enum issue_request_fault fault;
    bool replayed;
};

struct holding_row {
    uint64_t coupon_id, user_id;
    uint32_t issue_no, user_seq;
};

struct result_row {
    const char *request_id;
    uint64_t coupon_id, user_id;
    bool failed;
};

/* What a database holds; its coupons' issued_count is counted in rows. */
struct world {
    struct coupon coupons[COUPONS_MAX];
    size_t coupon_count;
    struct holding_row rows[ROWS_MAX];
    size_t row_count;
    struct result_row results[RECORDS_MAX];
    size_t result_count;
};

static inline uint32_t issued_of(const struct world *world, uint64_t coupon_id)
{
    uint32_t count = 0;

    for (size_t i = 0; i < world->row_count; i++)
        count += world->rows[i].coupon_id == coupon_id;
    return count;
}

static inline uint32_t held_by(const struct world *world, uint64_t coupon_id, uint64_t user_id,
                               uint32_t *last_seq)
{
    uint32_t count = 0;

    *last_seq = 0;
    for (size_t i = 0; i < world->row_count; i++) {
        if (world->rows[i].coupon_id != coupon_id || world->rows[i].user_id != user_id)
            continue;
        count++;
        if (world->rows[i].user_seq > *last_seq)
            *last_seq = world->rows[i].user_seq;
    }
    return count;
}

static inline bool holds(const struct coupon *coupon, int64_t at_ms)
{
    return coupon->issue_starts_at_ms <= at_ms && at_ms < coupon->issue_ends_at_ms;
}

/* Of the policy's coupons: those that hold the instant, else those yet to start, else all. The
 * latest start of them, or of those yet to start the earliest; coupons are in order of id. */
static inline const struct coupon *model_policy(const struct world *world, uint64_t policy_id,
                                                int64_t at_ms)
{
    for (int pass = 0; pass < 3; pass++) {
        const struct coupon *best = NULL;

        for (size_t i = 0; i < world->coupon_count; i++) {
            const struct coupon *coupon = &world->coupons[i];
            int64_t starts = coupon->issue_starts_at_ms;

            if (coupon->policy_id != policy_id || (pass == 0 && !holds(coupon, at_ms)) ||
                (pass == 1 && starts <= at_ms))
                continue;
            if (!best ||
                (pass == 1 ? starts < best->issue_starts_at_ms : starts > best->issue_starts_at_ms))
                best = coupon;
        }
        if (best)
            return best;
    }
    return NULL;
}

static inline const struct coupon *model_coupon(const struct world *world,
                                                const struct issue_request *request)
{
    if (request->coupon_id == 0)
        return model_policy(world, request->policy_id, request->accepted_at_ms);
    for (size_t i = 0; i < world->coupon_count; i++)
        if (world->coupons[i].coupon_id == request->coupon_id)
            return &world->coupons[i];
    return NULL;
}

static inline enum issue_outcome model_outcome(const struct world *world,
                                               const struct coupon *coupon,
                                               const struct issue_request *request)
{
    int64_t at_ms = request->accepted_at_ms;
    uint32_t last_seq;

    if (coupon == NULL)
        return ISSUE_OUTCOME_UNKNOWN_COUPON;
    if (coupon->status == COUPON_DRAFT || at_ms < coupon->issue_starts_at_ms)
        return ISSUE_OUTCOME_NOT_STARTED;
    if (!holds(coupon, at_ms))
        return ISSUE_OUTCOME_ENDED;
    if (coupon->status == COUPON_CLOSED && coupon->closed_at_ms <= at_ms)
        return ISSUE_OUTCOME_CLOSED;
    if (held_by(world, coupon->coupon_id, request->user_id, &last_seq) >= coupon->per_user_limit)
        return ISSUE_OUTCOME_ALREADY_ISSUED;
    if (issued_of(world, coupon->coupon_id) == coupon->total_stock)
        return ISSUE_OUTCOME_SOLD_OUT;
    return ISSUE_OUTCOME_ISSUED;
}

static inline const struct result_row *model_result(const struct world *world,
                                                    const struct record *record)
{
    for (size_t i = 0; i < world->result_count && record->request.request_id[0]; i++)
        if (strcmp(world->results[i].request_id, record->request.request_id) == 0)
            return &world->results[i];
    return NULL;
}

/* Is the record the replay of a request of which nothing but a dead letter came? */
static inline bool model_replays(const struct record *record, const struct result_row *before)
{
    const struct issue_request *request = &record->request;

    return record->fault == ISSUE_REQUEST_OK && record->replayed && before->failed &&
           (before->user_id == 0 || before->user_id == request->user_id) &&
           (before->coupon_id == 0 || request->coupon_id == 0 ||
            before->coupon_id == request->coupon_id);
}

/* Beyond the year 9999 there is no time. */
static inline int64_t model_expiry(const struct coupon *coupon)
{
    __int128 at_ms = (__int128)1000 * coupon->valid_for_seconds + NOW;

    if (coupon->valid_for_seconds == 0)
        return coupon->valid_until_ms;
    return at_ms <= TIMESTAMP_MAX_MS ? (int64_t)at_ms : COUPON_NEVER_MS;
}

static inline struct issue_verdict model_decide(const struct world *world,
                                                const struct record *record)
{
    const struct issue_request *request = &record->request;
    const struct coupon *coupon = NULL;
    struct issue_verdict verdict = {.coupon_id = request->coupon_id,
                                    .expires_at_ms = COUPON_NEVER_MS};
    const struct result_row *before = model_result(world, record);
    if (record->fault != ISSUE_REQUEST_OK) {
        verdict.kind = before ? ISSUE_VERDICT_CONFLICT : ISSUE_VERDICT_FAULTY;
        verdict.outcome = ISSUE_OUTCOME_DEAD_LETTERED;
        return verdict;
    }
    coupon = model_coupon(world, request);
    if (coupon)
        verdict.coupon_id = coupon->coupon_id;
    if (before && !model_replays(record, before)) {
        bool same = before->user_id == request->user_id &&
                    (request->coupon_id == 0 || request->coupon_id == before->coupon_id);

        verdict.kind = same ? ISSUE_VERDICT_REPEATED : ISSUE_VERDICT_CONFLICT;
        return verdict;
    }
    verdict.outcome = model_outcome(world, coupon, request);
    if (verdict.outcome == ISSUE_OUTCOME_ISSUED) {
        uint32_t last_seq;

        held_by(world, coupon->coupon_id, request->user_id, &last_seq);
        verdict.issue_no = issued_of(world, coupon->coupon_id) + 1;
        verdict.user_seq = last_seq + 1;
        verdict.expires_at_ms = model_expiry(coupon);
    }
    return verdict;
}

/* --- the database: what the transaction would write and read --- */

static inline void world_write(struct world *world, const struct record *record,
                               const struct issue_verdict *verdict)
{
    bool result = verdict->kind == ISSUE_VERDICT_DECIDED ||
                  (verdict->kind == ISSUE_VERDICT_FAULTY && record->request.request_id[0]);

    for (size_t i = 0; i < world->result_count && result; i++)
        if (strcmp(world->results[i].request_id, record->request.request_id) == 0)
            world->results[i] = world->results[--world->result_count];
    if (result)
        world->results[world->result_count++] =
            (struct result_row){record->request.request_id, verdict->coupon_id,
                                record->request.user_id, verdict->kind == ISSUE_VERDICT_FAULTY};
    if (verdict->kind == ISSUE_VERDICT_DECIDED && verdict->outcome == ISSUE_OUTCOME_ISSUED)
        world->rows[world->row_count++] = (struct holding_row){
            verdict->coupon_id, record->request.user_id, verdict->issue_no, verdict->user_seq};
}

static inline void world_read_holdings(struct issue_decision *decision, const struct world *world)
{
    for (size_t i = 0; i < world->row_count; i++) {
        const struct holding_row *row = &world->rows[i];
        uint32_t last_seq, count = held_by(world, row->coupon_id, row->user_id, &last_seq);
        size_t first = 0;

        while (world->rows[first].coupon_id != row->coupon_id ||
               world->rows[first].user_id != row->user_id)
            first++;
        if (first == i)
            issue_decision_add_holding(decision, row->coupon_id, row->user_id, count, last_seq);
    }
}

static inline void world_read(struct issue_decision *decision, const struct world *world)
{
    issue_decision_clear(decision);
    for (size_t i = 0; i < world->coupon_count; i++) {
        struct coupon coupon = world->coupons[i];

        coupon.issued_count = issued_of(world, coupon.coupon_id);
        issue_decision_add_coupon(decision, &coupon);
    }
    world_read_holdings(decision, world);
    for (size_t i = 0; i < world->result_count; i++) {
        const struct result_row *row = &world->results[i];

        if (row->failed)
            issue_decision_add_failed(decision, row->request_id, row->coupon_id, row->user_id);
        else
            issue_decision_add_known(decision, row->request_id, row->coupon_id, row->user_id);
    }
}

#endif
