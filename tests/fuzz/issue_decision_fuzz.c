/* A stream of records on a random database, cut into batches: each verdict is that of the model
 * which scans all that ever happened, and the promises S, U and O hold.
 *
 * Input: the number of coupons, bytes for each, then five bytes for each record. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/timestamp.h"
#include "issue-worker/issue_decision.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/decision_model.h"

#define ENDS_BATCH 0x80
#define HAS_FAULT 0x40
#define IS_REPLAY 0x20

/* From ordinary to extreme; in order, because the model takes the first of equals. */
static const uint64_t coupon_ids[COUPONS_MAX + 1] = {1, 2, 3, 1000, INT64_MAX, UINT64_MAX - 1,
                                                     4 /* never there */};
static const uint64_t user_ids[] = {1, 2, 3, 4, INT64_MAX, UINT64_MAX};

struct stream {
    struct world world;
    struct record records[RECORDS_MAX];
    bool ends_batch[RECORDS_MAX];
    size_t count;
};

struct input {
    const uint8_t *at, *end;
};

static unsigned take(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

/* None, some seconds, about as long as the admin API allows, about to the last time there is, and
 * what only a row made by hand can hold. */
static int64_t valid_for(unsigned validity)
{
    switch (validity % 6) {
    case 2:
        return validity;
    case 3:
        return COUPON_VALID_FOR_MAX - validity;
    case 4:
        return (TIMESTAMP_MAX_MS - NOW) / 1000 + validity / 6 % 3 - 1;
    case 5:
        return INT64_MAX - validity;
    default:
        return 0;
    }
}

static void make_coupon(struct input *input, struct world *world, size_t i)
{
    struct coupon *coupon = &world->coupons[i];
    unsigned held = take(input) % 3;
    unsigned status = take(input);
    unsigned ends = take(input);
    unsigned validity = take(input);

    coupon->coupon_id = coupon_ids[i];
    coupon->policy_id = take(input) % 3;
    coupon->total_stock = held + take(input) % 7;
    coupon->per_user_limit = 1 + status / 64;
    coupon->issue_starts_at_ms = take(input);
    coupon->issue_ends_at_ms =
        ends % 4 == 0 ? COUPON_NEVER_MS : coupon->issue_starts_at_ms + 1 + ends;
    coupon->valid_until_ms = validity % 2 ? COUPON_NEVER_MS : TIMESTAMP_MAX_MS - validity;
    coupon->valid_for_seconds = valid_for(validity);
    coupon->status = (enum coupon_status)(1 + status % 4);
    coupon->closed_at_ms = coupon->status == COUPON_CLOSED ? (int64_t)take(input) : COUPON_NEVER_MS;
    for (uint32_t no = 1; no <= held; no++)
        world->rows[world->row_count++] = (struct holding_row){
            coupon->coupon_id, user_ids[no], no, 1 + (ends + no) % (coupon->per_user_limit + 2)};
}

static void make_record(struct input *input, struct stream *stream)
{
    struct record *record = &stream->records[stream->count];
    struct issue_request *request = &record->request;
    unsigned id = take(input);
    unsigned place = take(input);
    unsigned user = take(input);
    unsigned flags;

    snprintf(request->request_id, sizeof request->request_id, "%s%u",
             id % 2 ? "" : "a-longer-one-that-ends-in-", id / 2);
    if (place < 192)
        request->coupon_id = coupon_ids[place % (COUPONS_MAX + 1)];
    else
        request->policy_id = 1 + place % 3;
    request->user_id = user_ids[user % 6];
    request->accepted_at_ms = take(input) + 256 * (user / 128);
    flags = take(input);
    stream->ends_batch[stream->count++] = flags & ENDS_BATCH;
    record->replayed = flags & IS_REPLAY;
    if (!(flags & HAS_FAULT))
        return;
    record->fault = (enum issue_request_fault)(1 + flags % 7);
    if (flags & 8)
        request->request_id[0] = '\0';
    if (flags & 16)
        request->coupon_id = 0;
    if (flags & 32)
        request->user_id = 0;
}

static void make_stream(struct stream *stream, const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, bytes + size};

    memset(stream, 0, sizeof *stream);
    stream->world.coupon_count = take(&input) % (COUPONS_MAX + 1);
    for (size_t i = 0; i < stream->world.coupon_count; i++)
        make_coupon(&input, &stream->world, i);
    while (stream->count < RECORDS_MAX && input.at < input.end)
        make_record(&input, stream);
}

static void expect_verdict(size_t at, const struct issue_verdict *seen,
                           const struct issue_verdict *expected)
{
    bool has_outcome =
        expected->kind == ISSUE_VERDICT_DECIDED || expected->kind == ISSUE_VERDICT_FAULTY;

    EXPECT(seen->kind == expected->kind && (!has_outcome || seen->outcome == expected->outcome),
           "record %zu: kind %d, outcome %d; the model says %d, %d", at, (int)seen->kind,
           (int)seen->outcome, (int)expected->kind, (int)expected->outcome);
    EXPECT(seen->coupon_id == expected->coupon_id && seen->issue_no == expected->issue_no &&
               seen->user_seq == expected->user_seq &&
               seen->expires_at_ms == expected->expires_at_ms,
           "record %zu: coupon %" PRIu64 ", no %u, seq %u, expiry %" PRId64
           "; the model says %" PRIu64 ", %u, %u, %" PRId64,
           at, seen->coupon_id, seen->issue_no, seen->user_seq, seen->expires_at_ms,
           expected->coupon_id, expected->issue_no, expected->user_seq, expected->expires_at_ms);
}

/* S: numbers 1…n without a hole, n within the stock. U: nobody above the limit by what was issued
 * here. */
static void expect_counts(const struct world *before, const struct world *after)
{
    for (size_t c = 0; c < after->coupon_count; c++) {
        const struct coupon *coupon = &after->coupons[c];
        uint32_t next_no = 1, last_seq;

        for (size_t i = 0; i < after->row_count; i++) {
            if (after->rows[i].coupon_id != coupon->coupon_id)
                continue;
            EXPECT(after->rows[i].issue_no == next_no, "S: no %u where %u should be",
                   after->rows[i].issue_no, next_no);
            next_no++;
        }
        EXPECT(next_no - 1 <= coupon->total_stock, "S: %u of %u", next_no - 1, coupon->total_stock);
        for (size_t u = 0; u < 6; u++) {
            uint32_t held = held_by(after, coupon->coupon_id, user_ids[u], &last_seq);

            EXPECT(held <= coupon->per_user_limit ||
                       held == held_by(before, coupon->coupon_id, user_ids[u], &last_seq),
                   "U: user %" PRIu64 " has %u of %u", user_ids[u], held, coupon->per_user_limit);
        }
    }
}

/* O: nobody wins a coupon behind somebody who was told that it is sold out. */
static void expect_order(const struct issue_verdict *verdicts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (verdicts[i].kind != ISSUE_VERDICT_DECIDED ||
            verdicts[i].outcome != ISSUE_OUTCOME_SOLD_OUT)
            continue;
        for (size_t later = i + 1; later < count; later++)
            EXPECT(verdicts[later].kind != ISSUE_VERDICT_DECIDED ||
                       verdicts[later].outcome != ISSUE_OUTCOME_ISSUED ||
                       verdicts[later].coupon_id != verdicts[i].coupon_id,
                   "O: record %zu wins a coupon that was sold out at %zu", later, i);
    }
}

static void decide_batch(struct issue_decision *decision, const struct stream *stream,
                         struct world *world, size_t first, size_t end,
                         struct issue_verdict *verdicts, const struct issue_verdict *expected)
{
    world_read(decision, world);
    for (size_t i = first; i < end; i++) {
        const struct record *record = &stream->records[i];

        (record->replayed ? issue_decide_replay : issue_decide)(decision, &record->request,
                                                                record->fault, NOW, &verdicts[i]);
        /* At once: a replay may take back what was said of its dead letter in the same batch. */
        expect_verdict(i, &verdicts[i], &expected[i]);
    }
    for (size_t i = first; i < end; i++)
        world_write(world, &stream->records[i], &verdicts[i]);
    for (size_t i = 0; i < world->coupon_count; i++) {
        uint64_t coupon_id = world->coupons[i].coupon_id;
        uint32_t issued = issue_decision_issued_count(decision, coupon_id);

        EXPECT(issued == issued_of(world, coupon_id), "C: coupon %" PRIu64 " counts %u, has %u",
               coupon_id, issued, issued_of(world, coupon_id));
    }
}

static void decide_stream(struct issue_decision *decision, const struct stream *stream,
                          const struct issue_verdict *expected)
{
    struct issue_verdict verdicts[RECORDS_MAX];
    struct world world = stream->world;
    size_t first = 0;

    for (size_t end = 1; end <= stream->count; end++) {
        if (!stream->ends_batch[end - 1] && end < stream->count)
            continue;
        decide_batch(decision, stream, &world, first, end, verdicts, expected);
        first = end;
    }

    expect_counts(&stream->world, &world);
    expect_order(verdicts, stream->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct issue_decision *decision = issue_decision_new();
    struct issue_verdict expected[RECORDS_MAX];
    struct stream stream;
    struct world after;

    make_stream(&stream, bytes, size);
    after = stream.world;
    for (size_t i = 0; i < stream.count; i++) {
        expected[i] = model_decide(&after, &stream.records[i]);
        world_write(&after, &stream.records[i], &expected[i]);
    }
    decide_stream(decision, &stream, expected);
    issue_decision_free(decision);
    return 0;
}
