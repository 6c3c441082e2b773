/* Random streams of records against a tiny model that scans all that ever happened: the verdicts
 * are the model's, however the stream is cut into batches, and the promises S, U and O hold.
 * Another stream: COUPON_TEST_SEED=n. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/issue_decision.h"
#include "tests/unit/decision_model.h"
#include "tests/unit/random.h"

#define ROUNDS 3000

static uint64_t seed;
static int the_round;

static uint32_t below(uint64_t *random, uint32_t limit)
{
    return (uint32_t)(random_u64(random) >> 32) % limit;
}

/* --- random worlds and streams --- */

static void make_world(uint64_t *random, struct world *world)
{
    memset(world, 0, sizeof *world);
    world->coupon_count = below(random, COUPONS_MAX + 1);
    for (size_t i = 0; i < world->coupon_count; i++) {
        struct coupon *coupon = &world->coupons[i];
        uint32_t held = below(random, 3);

        coupon->coupon_id = i + 1;
        coupon->policy_id = below(random, 3);
        coupon->total_stock = held + below(random, 7);
        coupon->per_user_limit = 1 + below(random, 3);
        coupon->issue_starts_at_ms = below(random, 60);
        coupon->issue_ends_at_ms =
            below(random, 4) ? coupon->issue_starts_at_ms + 1 + below(random, 60) : COUPON_NEVER_MS;
        coupon->valid_until_ms = below(random, 2) ? COUPON_NEVER_MS : 5000 + below(random, 100);
        coupon->valid_for_seconds = below(random, 2) ? 1 + below(random, 100) : 0;
        coupon->status =
            (enum coupon_status)(below(random, 3) ? COUPON_OPEN : 1 + below(random, 4));
        coupon->closed_at_ms =
            coupon->status == COUPON_CLOSED ? (int64_t)below(random, 100) : COUPON_NEVER_MS;
        for (uint32_t no = 1; no <= held; no++) /* users 4 and 5 came earlier */
            world->rows[world->row_count++] =
                (struct holding_row){coupon->coupon_id, 3 + no, no, 1 + below(random, 3)};
    }
}

static void make_records(uint64_t *random, struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct issue_request *request = &records[i].request;

        memset(&records[i], 0, sizeof records[i]);
        snprintf(request->request_id, sizeof request->request_id, "r%" PRIu32, below(random, 80));
        if (below(random, 3))
            request->coupon_id = 1 + below(random, COUPONS_MAX + 1);
        else
            request->policy_id = 1 + below(random, 3);
        request->user_id = 1 + below(random, 5);
        request->accepted_at_ms = below(random, 110);
        records[i].replayed = below(random, 4) == 0;
        if (records[i].replayed && i > 0) {
            const struct issue_request *earlier = &records[below(random, (uint32_t)i)].request;

            if (earlier->request_id[0])
                memcpy(request->request_id, earlier->request_id, sizeof request->request_id);
            request->user_id = earlier->user_id ? earlier->user_id : request->user_id;
        }
        if (below(random, 8))
            continue;
        records[i].fault = (enum issue_request_fault)(1 + below(random, 7));
        if (below(random, 2))
            request->request_id[0] = '\0';
        if (below(random, 2))
            request->coupon_id = 0;
        if (below(random, 2))
            request->user_id = 0;
    }
}

/* --- the properties --- */

static void expect_same(size_t at, const struct record *record,
                        const struct issue_verdict *expected, const struct issue_verdict *seen)
{
    bool outcome_counts =
        expected->kind == ISSUE_VERDICT_DECIDED || expected->kind == ISSUE_VERDICT_FAULTY;

    if (expected->kind == seen->kind && (!outcome_counts || expected->outcome == seen->outcome) &&
        expected->coupon_id == seen->coupon_id && expected->issue_no == seen->issue_no &&
        expected->user_seq == seen->user_seq && expected->expires_at_ms == seen->expires_at_ms)
        return;
    fail_msg("seed %" PRIu64 ", round %d, record %zu (%s, coupon %" PRIu64 ", policy %" PRIu64
             ", user %" PRIu64 ", at %" PRId64
             ", fault %d): the model says kind %d, outcome %d, coupon "
             "%" PRIu64 ", no %u, seq %u, expiry %" PRId64 "; seen %d, %d, %" PRIu64
             ", %u, %u, %" PRId64,
             seed, the_round, at, record->request.request_id, record->request.coupon_id,
             record->request.policy_id, record->request.user_id, record->request.accepted_at_ms,
             record->fault, expected->kind, expected->outcome, expected->coupon_id,
             expected->issue_no, expected->user_seq, expected->expires_at_ms, seen->kind,
             seen->outcome, seen->coupon_id, seen->issue_no, seen->user_seq, seen->expires_at_ms);
}

/* S: numbers 1…n, n within the stock. U: within the limit. */
static void expect_counts(const struct world *world)
{
    for (size_t c = 0; c < world->coupon_count; c++) {
        const struct coupon *coupon = &world->coupons[c];
        uint32_t next_no = 1, last_seq;

        for (size_t i = 0; i < world->row_count; i++)
            if (world->rows[i].coupon_id == coupon->coupon_id &&
                world->rows[i].issue_no != next_no++)
                fail_msg("seed %" PRIu64 ", round %d: S: no %u where %u should be", seed, the_round,
                         world->rows[i].issue_no, next_no - 1);
        if (next_no - 1 > coupon->total_stock)
            fail_msg("seed %" PRIu64 ", round %d: S: %u of %u", seed, the_round, next_no - 1,
                     coupon->total_stock);
        for (uint64_t user_id = 1; user_id <= 5; user_id++) {
            uint32_t held = held_by(world, coupon->coupon_id, user_id, &last_seq);

            if (held > coupon->per_user_limit)
                fail_msg("seed %" PRIu64 ", round %d: U: user %" PRIu64 " has %u of %u", seed,
                         the_round, user_id, held, coupon->per_user_limit);
        }
    }
}

/* O: nobody wins a coupon behind somebody who was told that it is sold out. */
static void expect_order(const struct issue_verdict *verdicts, size_t count)
{
    bool sold_out[COUPONS_MAX + 1] = {false};

    for (size_t i = 0; i < count; i++) {
        uint64_t coupon_id = verdicts[i].coupon_id;

        if (verdicts[i].kind != ISSUE_VERDICT_DECIDED)
            continue;
        if (verdicts[i].outcome == ISSUE_OUTCOME_SOLD_OUT)
            sold_out[coupon_id] = true;
        if (verdicts[i].outcome == ISSUE_OUTCOME_ISSUED && sold_out[coupon_id])
            fail_msg("seed %" PRIu64 ", round %d: O: record %zu wins coupon %" PRIu64
                     " after it was sold out",
                     seed, the_round, i, coupon_id);
    }
}

/* Decide the stream in batches of random length up to batch_max. */
static void run_stream(uint64_t *random, struct world world, const struct record *records,
                       size_t count, uint32_t batch_max, const struct issue_verdict *expected)
{
    struct issue_decision *decision = issue_decision_new();
    struct issue_verdict verdicts[RECORDS_MAX];
    size_t at = 0;

    while (at < count) {
        size_t end = at + 1 + below(random, batch_max), first = at;

        world_read(decision, &world);
        for (; at < count && at < end; at++) {
            (records[at].replayed ? issue_decide_replay : issue_decide)(
                decision, &records[at].request, records[at].fault, NOW, &verdicts[at]);
            expect_same(at, &records[at], &expected[at], &verdicts[at]);
        }
        for (; first < at; first++)
            world_write(&world, &records[first], &verdicts[first]);
        for (size_t i = 0; i < world.coupon_count; i++)
            assert_int_equal(issue_decision_issued_count(decision, world.coupons[i].coupon_id),
                             issued_of(&world, world.coupons[i].coupon_id));
    }
    expect_counts(&world);
    expect_order(verdicts, count);
    issue_decision_free(decision);
}

static void any_stream_in_any_batches_is_decided_as_the_model_says(void **state)
{
    static const uint32_t batch_max[] = {1, 2, 5, 20, 10 * RECORDS_MAX};
    uint64_t random = seed;
    size_t replays = 0;
    size_t seen[ISSUE_OUTCOME_DEAD_LETTERED + 1] = {0};

    (void)state;
    for (the_round = 0; the_round < ROUNDS; the_round++) {
        struct record records[RECORDS_MAX];
        struct issue_verdict expected[RECORDS_MAX];
        struct world before, after;
        size_t count = 1 + below(&random, RECORDS_MAX);
        const struct result_row *row;

        make_world(&random, &before);
        make_records(&random, records, count);
        after = before;
        for (size_t i = 0; i < count; i++) {
            expected[i] = model_decide(&after, &records[i]);
            row = model_result(&after, &records[i]);
            replays += row && row->failed && expected[i].kind == ISSUE_VERDICT_DECIDED;
            world_write(&after, &records[i], &expected[i]);
            seen[expected[i].outcome]++;
        }
        for (size_t i = 0; i < sizeof batch_max / sizeof batch_max[0]; i++)
            run_stream(&random, before, records, count, batch_max[i], expected);
    }
    /* Streams that leave something out would show nothing about it. */
    if (replays < ROUNDS / 10)
        fail_msg("only %zu replays were decided", replays);
    for (int outcome = ISSUE_OUTCOME_ISSUED; outcome <= ISSUE_OUTCOME_DEAD_LETTERED; outcome++)
        if (seen[outcome] < ROUNDS / 10)
            fail_msg("only %zu × %s", seen[outcome],
                     issue_outcome_name((enum issue_outcome)outcome));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_stream_in_any_batches_is_decided_as_the_model_says),
    };
    const char *wish = getenv("COUPON_TEST_SEED");

    seed = wish ? strtoull(wish, NULL, 10) : 1;
    seed += seed == 0;
    print_message("COUPON_TEST_SEED=%" PRIu64 "\n", seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
