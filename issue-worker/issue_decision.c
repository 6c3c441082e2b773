#include "issue-worker/issue_decision.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/timestamp.h"
#include "common/contract/policy_choice.h"
#include "issue-worker/slab.h"

/* Word by word. Keys that collide on purpose make one batch slow and nothing wrong. */
static unsigned int hash_key(const void *key, size_t len)
{
    const unsigned char *at = key;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    uint64_t word;

    for (; len >= sizeof word; at += sizeof word, len -= sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    for (; len > 0; at++, len--)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return (unsigned int)(hash ^ hash >> 32);
}

/* A batch has 1000 records: tables of that size from the start. */
#define HASH_FUNCTION(key, len, hash) ((hash) = hash_key(key, len))
#define HASH_INITIAL_NUM_BUCKETS 1024U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 10U
#include <uthash.h>

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
    bool failed;                   /* its result is DEAD_LETTERED */
    struct issue_verdict *verdict; /* that said so, if it was in this batch */
    UT_hash_handle hh;
};

struct issue_decision {
    struct held_coupon *coupons;
    struct holding *holdings;
    struct known_request *known;
    struct slab coupon_slab;
    struct slab holding_slab;
    struct slab known_slab;
};

struct issue_decision *issue_decision_new(void)
{
    struct issue_decision *decision = calloc(1, sizeof *decision);

    CHECK(decision, "out of memory");
    decision->coupon_slab.size = sizeof(struct held_coupon);
    decision->holding_slab.size = sizeof(struct holding);
    decision->known_slab.size = sizeof(struct known_request);
    return decision;
}

void issue_decision_clear(struct issue_decision *decision)
{
    HASH_CLEAR(hh, decision->coupons);
    HASH_CLEAR(hh, decision->holdings);
    HASH_CLEAR(hh, decision->known);
    slab_clear(&decision->coupon_slab);
    slab_clear(&decision->holding_slab);
    slab_clear(&decision->known_slab);
}

void issue_decision_free(struct issue_decision *decision)
{
    if (!decision)
        return;
    issue_decision_clear(decision);
    slab_free(&decision->coupon_slab);
    slab_free(&decision->holding_slab);
    slab_free(&decision->known_slab);
    free(decision);
}

void issue_decision_add_coupon(struct issue_decision *decision, const struct coupon *coupon)
{
    struct held_coupon *held = slab_new(&decision->coupon_slab);

    CHECK(coupon->issued_count <= coupon->total_stock, "coupon %llu: %u issued of %u",
          (unsigned long long)coupon->coupon_id, coupon->issued_count, coupon->total_stock);
    held->coupon = *coupon;
    HASH_ADD(hh, decision->coupons, coupon.coupon_id, sizeof held->coupon.coupon_id, held);
}

static struct holding *add_holding(struct issue_decision *decision, const struct holding_key *key,
                                   unsigned int hash)
{
    struct holding *holding = slab_new(&decision->holding_slab);

    memset(holding, 0, sizeof *holding);
    holding->key = *key;
    HASH_ADD_BYHASHVALUE(hh, decision->holdings, key, sizeof holding->key, hash, holding);
    return holding;
}

void issue_decision_add_holding(struct issue_decision *decision, uint64_t coupon_id,
                                uint64_t user_id, uint32_t count, uint32_t last_seq)
{
    struct holding_key key = {coupon_id, user_id};
    struct holding *holding = add_holding(decision, &key, hash_key(&key, sizeof key));

    holding->count = count;
    holding->last_seq = last_seq;
}

static struct known_request *add_known(struct issue_decision *decision, const char *request_id,
                                       size_t len, unsigned int hash, uint64_t coupon_id,
                                       uint64_t user_id)
{
    struct known_request *known = slab_new(&decision->known_slab);

    memcpy(known->request_id, request_id, len + 1);
    known->coupon_id = coupon_id;
    known->user_id = user_id;
    known->failed = false;
    known->verdict = NULL;
    HASH_ADD_BYHASHVALUE(hh, decision->known, request_id, (unsigned int)len, hash, known);
    return known;
}

void issue_decision_add_known(struct issue_decision *decision, const char *request_id,
                              uint64_t coupon_id, uint64_t user_id)
{
    size_t len = strlen(request_id);

    add_known(decision, request_id, len, hash_key(request_id, len), coupon_id, user_id);
}

void issue_decision_add_failed(struct issue_decision *decision, const char *request_id,
                               uint64_t coupon_id, uint64_t user_id)
{
    size_t len = strlen(request_id);

    add_known(decision, request_id, len, hash_key(request_id, len), coupon_id, user_id)->failed =
        true;
}

static struct coupon *find_coupon(const struct issue_decision *decision, uint64_t coupon_id)
{
    struct held_coupon *held;

    HASH_FIND(hh, decision->coupons, &coupon_id, sizeof coupon_id, held);
    return held ? &held->coupon : NULL;
}

static struct coupon *find_policy_coupon(const struct issue_decision *decision, uint64_t policy_id,
                                         int64_t at_ms)
{
    struct policy_window best_window = {0};
    struct coupon *best = NULL;

    for (struct held_coupon *held = decision->coupons; held; held = held->hh.next) {
        struct coupon *coupon = &held->coupon;
        const struct policy_window window = {
            .coupon_id = coupon->coupon_id,
            .starts_at_ms = coupon->issue_starts_at_ms,
            .ends_at_ms = coupon->issue_ends_at_ms,
        };

        if (coupon->policy_id != policy_id)
            continue;
        if (!best || policy_choice_better(&window, &best_window, at_ms)) {
            best = coupon;
            best_window = window;
        }
    }
    return best;
}

static struct holding *find_holding(struct issue_decision *decision, uint64_t coupon_id,
                                    uint64_t user_id)
{
    struct holding_key key = {coupon_id, user_id};
    unsigned int hash = hash_key(&key, sizeof key);
    struct holding *holding;

    HASH_FIND_BYHASHVALUE(hh, decision->holdings, &key, sizeof key, hash, holding);
    return holding ? holding : add_holding(decision, &key, hash);
}

static int64_t expiry(const struct coupon *coupon, int64_t now_ms)
{
    if (coupon->valid_for_seconds <= 0)
        return coupon->valid_until_ms;
    /* A row that was not made by the admin API may hold any number. */
    if (coupon->valid_for_seconds > (TIMESTAMP_MAX_MS - now_ms) / 1000)
        return COUPON_NEVER_MS;
    return now_ms + coupon->valid_for_seconds * 1000;
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

static struct known_request *find_known(const struct issue_decision *decision,
                                        const char *request_id, size_t len, unsigned int hash)
{
    struct known_request *known;

    HASH_FIND_BYHASHVALUE(hh, decision->known, request_id, (unsigned int)len, hash, known);
    return known;
}

/* A policy's coupon depends on what coupons there were at the time, so a repeated request that
 * names only its policy is recognised by its user. */
static bool is_repeat(const struct known_request *known, const struct issue_request *request)
{
    return known->user_id == request->user_id &&
           (!request->coupon_id || known->coupon_id == request->coupon_id);
}

/* An id that a dead letter did not show is not a difference. */
static bool is_replay(const struct known_request *known, const struct issue_request *request)
{
    return known->failed && (!known->user_id || known->user_id == request->user_id) &&
           (!known->coupon_id || !request->coupon_id || known->coupon_id == request->coupon_id);
}

/* Of two results in one batch the later one stands. */
static void supersede(struct known_request *known, const struct issue_request *request,
                      uint64_t coupon_id)
{
    if (known->verdict)
        known->verdict->kind = ISSUE_VERDICT_CONFLICT;
    known->verdict = NULL;
    known->failed = false;
    known->coupon_id = coupon_id;
    known->user_id = request->user_id;
}

static void decide_faulty(struct issue_decision *decision, const struct issue_request *request,
                          struct issue_verdict *verdict)
{
    size_t len = strlen(request->request_id);
    unsigned int hash = hash_key(request->request_id, len);
    struct known_request *known;

    verdict->kind = ISSUE_VERDICT_FAULTY;
    verdict->outcome = ISSUE_OUTCOME_DEAD_LETTERED;
    if (len == 0)
        return;
    if (find_known(decision, request->request_id, len, hash)) {
        verdict->kind = ISSUE_VERDICT_CONFLICT;
        return;
    }
    known =
        add_known(decision, request->request_id, len, hash, request->coupon_id, request->user_id);
    known->failed = true;
    known->verdict = verdict;
}

static void decide(struct issue_decision *decision, const struct issue_request *request,
                   enum issue_request_fault fault, bool replayed, int64_t now_ms,
                   struct issue_verdict *verdict)
{
    struct known_request *known;
    struct coupon *coupon;
    unsigned int hash;
    size_t len;

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
    len = strlen(request->request_id);
    hash = hash_key(request->request_id, len);
    known = find_known(decision, request->request_id, len, hash);
    if (known && !(replayed && is_replay(known, request))) {
        verdict->kind = is_repeat(known, request) ? ISSUE_VERDICT_REPEATED : ISSUE_VERDICT_CONFLICT;
        return;
    }
    if (known)
        supersede(known, request, verdict->coupon_id);
    else
        add_known(decision, request->request_id, len, hash, verdict->coupon_id, request->user_id);
    verdict->kind = ISSUE_VERDICT_DECIDED;
    verdict->outcome = coupon ? decide_on_coupon(decision, coupon, request, now_ms, verdict)
                              : ISSUE_OUTCOME_UNKNOWN_COUPON;
}

void issue_decide(struct issue_decision *decision, const struct issue_request *request,
                  enum issue_request_fault fault, int64_t now_ms, struct issue_verdict *verdict)
{
    decide(decision, request, fault, false, now_ms, verdict);
}

void issue_decide_replay(struct issue_decision *decision, const struct issue_request *request,
                         enum issue_request_fault fault, int64_t now_ms,
                         struct issue_verdict *verdict)
{
    decide(decision, request, fault, true, now_ms, verdict);
}

uint32_t issue_decision_issued_count(const struct issue_decision *decision, uint64_t coupon_id)
{
    const struct coupon *coupon = find_coupon(decision, coupon_id);

    CHECK(coupon, "coupon %llu is not part of the batch", (unsigned long long)coupon_id);
    return coupon->issued_count;
}
