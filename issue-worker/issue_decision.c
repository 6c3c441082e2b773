#include "issue-worker/issue_decision.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/base/check.h"

struct held_coupon {
    struct coupon coupon;
    UT_hash_handle hh;
};

struct holding_key {
    uint64_t coupon_id;
    uint64_t user_id;
};

struct holding {
    struct holding_key key;
    uint32_t count;
    uint32_t last_seq;
    UT_hash_handle hh;
};

struct known_request {
    char request_id[REQUEST_ID_MAX + 1];
    uint64_t coupon_id;
    uint64_t user_id;
    UT_hash_handle hh;
};

struct issue_decision {
    struct held_coupon *coupons;
    struct holding *holdings;
    struct known_request *known;
};

struct issue_decision *issue_decision_new(void)
{
    struct issue_decision *decision = calloc(1, sizeof *decision);

    CHECK(decision, "out of memory");
    return decision;
}

#define FREE_ALL(type, head)                                                                       \
    do {                                                                                           \
        struct type *item, *next;                                                                  \
        HASH_ITER(hh, head, item, next)                                                            \
        {                                                                                          \
            HASH_DEL(head, item);                                                                  \
            free(item);                                                                            \
        }                                                                                          \
    } while (0)

void issue_decision_clear(struct issue_decision *decision)
{
    FREE_ALL(held_coupon, decision->coupons);
    FREE_ALL(holding, decision->holdings);
    FREE_ALL(known_request, decision->known);
}

void issue_decision_free(struct issue_decision *decision)
{
    if (!decision)
        return;
    issue_decision_clear(decision);
    free(decision);
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    CHECK(memory, "out of memory");
    return memory;
}

void issue_decision_add_coupon(struct issue_decision *decision, const struct coupon *coupon)
{
    struct held_coupon *held = allocate(sizeof *held);

    CHECK(coupon->issued_count <= coupon->total_stock, "coupon %llu: %u issued of %u",
          (unsigned long long)coupon->coupon_id, coupon->issued_count, coupon->total_stock);
    held->coupon = *coupon;
    HASH_ADD(hh, decision->coupons, coupon.coupon_id, sizeof held->coupon.coupon_id, held);
}

void issue_decision_add_holding(struct issue_decision *decision, uint64_t coupon_id,
                                uint64_t user_id, uint32_t count, uint32_t last_seq)
{
    struct holding *holding = allocate(sizeof *holding);

    holding->key = (struct holding_key){coupon_id, user_id};
    holding->count = count;
    holding->last_seq = last_seq;
    HASH_ADD(hh, decision->holdings, key, sizeof holding->key, holding);
}

void issue_decision_add_known(struct issue_decision *decision, const char *request_id,
                              uint64_t coupon_id, uint64_t user_id)
{
    struct known_request *known = allocate(sizeof *known);

    memcpy(known->request_id, request_id, strlen(request_id) + 1);
    known->coupon_id = coupon_id;
    known->user_id = user_id;
    HASH_ADD_STR(decision->known, request_id, known);
}

static struct coupon *find_coupon(const struct issue_decision *decision, uint64_t coupon_id)
{
    struct held_coupon *held;

    HASH_FIND(hh, decision->coupons, &coupon_id, sizeof coupon_id, held);
    return held ? &held->coupon : NULL;
}

/* The policy's coupon whose window holds the instant; else the next one to start; else the last one
 * that ended, so that the answer is NOT_STARTED or ENDED. Ties go to the smaller id. */
static struct coupon *find_policy_coupon(const struct issue_decision *decision, uint64_t policy_id,
                                         int64_t at_ms)
{
    struct coupon *best = NULL;
    int best_rank = 0;

    for (struct held_coupon *held = decision->coupons; held; held = held->hh.next) {
        struct coupon *coupon = &held->coupon;
        bool started = at_ms >= coupon->issue_starts_at_ms;
        bool ended = at_ms >= coupon->issue_ends_at_ms;
        int rank = started && !ended ? 3 : !started ? 2 : 1;
        bool better;

        if (coupon->policy_id != policy_id)
            continue;
        if (!best || rank != best_rank)
            better = rank > best_rank;
        else if (coupon->issue_starts_at_ms != best->issue_starts_at_ms)
            better = (coupon->issue_starts_at_ms < best->issue_starts_at_ms) == (rank == 2);
        else
            better = coupon->coupon_id < best->coupon_id;
        if (better) {
            best = coupon;
            best_rank = rank;
        }
    }
    return best;
}

static struct holding *find_holding(struct issue_decision *decision, uint64_t coupon_id,
                                    uint64_t user_id)
{
    struct holding_key key = {coupon_id, user_id};
    struct holding *holding;

    HASH_FIND(hh, decision->holdings, &key, sizeof key, holding);
    if (!holding) {
        issue_decision_add_holding(decision, coupon_id, user_id, 0, 0);
        HASH_FIND(hh, decision->holdings, &key, sizeof key, holding);
    }
    return holding;
}

static int64_t expiry(const struct coupon *coupon, int64_t now_ms)
{
    if (coupon->valid_for_seconds > 0)
        return now_ms + coupon->valid_for_seconds * 1000;
    return coupon->valid_until_ms;
}

static enum issue_outcome decide_on_coupon(struct issue_decision *decision, struct coupon *coupon,
                                           const struct issue_request *request, int64_t now_ms,
                                           struct issue_verdict *verdict)
{
    int64_t at_ms = request->accepted_at_ms;
    struct holding *holding;

    if (coupon->status == COUPON_DRAFT || at_ms < coupon->issue_starts_at_ms)
        return ISSUE_OUTCOME_NOT_STARTED;
    if (at_ms >= coupon->issue_ends_at_ms)
        return ISSUE_OUTCOME_ENDED;
    if (coupon->status == COUPON_CLOSED && at_ms >= coupon->closed_at_ms)
        return ISSUE_OUTCOME_CLOSED;
    holding = find_holding(decision, coupon->coupon_id, request->user_id);
    if (holding->count >= coupon->per_user_limit)
        return ISSUE_OUTCOME_ALREADY_ISSUED;
    if (coupon->issued_count >= coupon->total_stock)
        return ISSUE_OUTCOME_SOLD_OUT;

    holding->count++;
    verdict->user_seq = ++holding->last_seq;
    verdict->issue_no = ++coupon->issued_count;
    verdict->expires_at_ms = expiry(coupon, now_ms);
    return ISSUE_OUTCOME_ISSUED;
}

static const struct known_request *find_known(const struct issue_decision *decision,
                                              const char *request_id)
{
    struct known_request *known;

    HASH_FIND_STR(decision->known, request_id, known);
    return known;
}

/* A policy's coupon depends on what coupons there were at the time, so a repeated request that
 * names only its policy is recognised by its user. */
static bool is_repeat(const struct known_request *known, const struct issue_request *request)
{
    return known->user_id == request->user_id &&
           (!request->coupon_id || known->coupon_id == request->coupon_id);
}

static void decide_faulty(struct issue_decision *decision, const struct issue_request *request,
                          struct issue_verdict *verdict)
{
    verdict->kind = ISSUE_VERDICT_FAULTY;
    verdict->outcome = ISSUE_OUTCOME_DEAD_LETTERED;
    if (!request->request_id[0])
        return;
    if (find_known(decision, request->request_id))
        verdict->kind = ISSUE_VERDICT_CONFLICT;
    else
        issue_decision_add_known(decision, request->request_id, request->coupon_id,
                                 request->user_id);
}

void issue_decide(struct issue_decision *decision, const struct issue_request *request,
                  enum issue_request_fault fault, int64_t now_ms, struct issue_verdict *verdict)
{
    const struct known_request *known;
    struct coupon *coupon;

    *verdict = (struct issue_verdict){
        .coupon_id = request->coupon_id,
        .expires_at_ms = COUPON_NEVER_MS,
    };
    if (fault != ISSUE_REQUEST_OK) {
        decide_faulty(decision, request, verdict);
        return;
    }
    coupon = request->coupon_id
                 ? find_coupon(decision, request->coupon_id)
                 : find_policy_coupon(decision, request->policy_id, request->accepted_at_ms);
    if (coupon)
        verdict->coupon_id = coupon->coupon_id;
    known = find_known(decision, request->request_id);
    if (known) {
        verdict->kind = is_repeat(known, request) ? ISSUE_VERDICT_REPEATED : ISSUE_VERDICT_CONFLICT;
        return;
    }
    issue_decision_add_known(decision, request->request_id, verdict->coupon_id, request->user_id);
    verdict->kind = ISSUE_VERDICT_DECIDED;
    verdict->outcome = coupon ? decide_on_coupon(decision, coupon, request, now_ms, verdict)
                              : ISSUE_OUTCOME_UNKNOWN_COUPON;
}

uint32_t issue_decision_issued_count(const struct issue_decision *decision, uint64_t coupon_id)
{
    const struct coupon *coupon = find_coupon(decision, coupon_id);

    CHECK(coupon, "coupon %llu is not part of the batch", (unsigned long long)coupon_id);
    return coupon->issued_count;
}
