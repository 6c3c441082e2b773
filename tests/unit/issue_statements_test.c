/* The SQL of a batch, to the letter: rows in key order, numbers and times as they are, lists cut at
 * 500, and nothing written of what is skipped, repeated or in conflict. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/mysql/coupon_row.h"
#include "issue-worker/issue_statements.h"

#define NOW INT64_C(1645875102123)
#define NOW_TEXT "'2022-02-26 11:31:42.123'"
#define ACCEPTED_TEXT "'2022-02-26 11:31:41.000'"
#define ACCEPTED INT64_C(1645875101000)

static void release(void *message)
{
    (void)message;
}

static struct issue_batch *batch_of(size_t capacity)
{
    return issue_batch_new(capacity, release);
}

static struct issue_item *add(struct issue_batch *batch, int32_t partition, int64_t offset,
                              const char *request_id, const char *field, uint64_t id,
                              uint64_t user_id)
{
    char key[24], value[200];
    struct issue_record record = {
        .topic = "t", .partition = partition, .offset = offset, .timestamp_ms = ACCEPTED};

    record.key = key;
    record.key_len = (size_t)snprintf(key, sizeof key, "%" PRIu64, id);
    record.value = value;
    record.value_len = (size_t)snprintf(
        value, sizeof value, "{\"requestId\":\"%s\",\"%s\":%" PRIu64 ",\"userId\":%" PRIu64 "}",
        request_id, field, id, user_id);
    issue_batch_add(batch, &record, NULL, true);
    assert_int_equal(batch->items[batch->count - 1].fault, ISSUE_REQUEST_OK);
    return &batch->items[batch->count - 1];
}

static void decided(struct issue_item *item, enum issue_outcome outcome, uint64_t coupon_id,
                    uint32_t issue_no, uint32_t user_seq, int64_t expires_at_ms)
{
    item->verdict = (struct issue_verdict){
        ISSUE_VERDICT_DECIDED, outcome, coupon_id, issue_no, user_seq, expires_at_ms};
}

static void add_garbage(struct issue_batch *batch, int32_t partition, int64_t offset,
                        const char *value)
{
    const struct issue_record record = {.topic = "t",
                                        .partition = partition,
                                        .offset = offset,
                                        .timestamp_ms = ACCEPTED,
                                        .key = "1",
                                        .key_len = 1,
                                        .value = value,
                                        .value_len = strlen(value)};
    struct issue_item *item = &batch->items[batch->count];

    issue_batch_add(batch, &record, NULL, true);
    assert_int_not_equal(item->fault, ISSUE_REQUEST_OK);
    item->verdict = (struct issue_verdict){.kind = ISSUE_VERDICT_FAULTY,
                                           .outcome = ISSUE_OUTCOME_DEAD_LETTERED,
                                           .coupon_id = item->request.coupon_id,
                                           .expires_at_ms = COUPON_NEVER_MS};
}

/* Everything that can be in a batch, keys in no order. */
static struct issue_batch *mixed_batch(void)
{
    struct issue_batch *batch = batch_of(20);
    const uint64_t big = INT64_MAX;

    decided(add(batch, 2, 10, "z", "couponId", 7, 16), ISSUE_OUTCOME_ISSUED, 7, 5, 1,
            COUPON_NEVER_MS);
    decided(add(batch, 0, 5, "m", "couponId", big, big), ISSUE_OUTCOME_ISSUED, big, 2000000000, 3,
            NOW + 1000);
    decided(add(batch, 2, 11, "Z.9_-", "policyId", 4, 17), ISSUE_OUTCOME_ISSUED, 7, 6, 2, NOW);
    decided(add(batch, 2, 12, "a", "couponId", 3, 17), ISSUE_OUTCOME_SOLD_OUT, 3, 0, 0,
            COUPON_NEVER_MS);
    decided(add(batch, 2, 13, "p", "policyId", 9, 18), ISSUE_OUTCOME_UNKNOWN_COUPON, 0, 0, 0,
            COUPON_NEVER_MS);
    decided(add(batch, 2, 9 + 5, "skipped", "policyId", 8, 18), ISSUE_OUTCOME_ISSUED, 7, 1, 1,
            COUPON_NEVER_MS);
    batch->items[5].skipped = true;
    add(batch, 2, 15, "again", "couponId", 7, 16)->verdict.kind = ISSUE_VERDICT_REPEATED;
    add(batch, 2, 16, "other", "couponId", 7, 16)->verdict.kind = ISSUE_VERDICT_CONFLICT;
    add_garbage(batch, 2, 17, "'; DROP TABLE coupon; --");
    add_garbage(batch, 2, 18, "{\"requestId\":\"half\",\"userId\":5}");
    add_garbage(batch, 2, 19, "{\"requestId\":\"x' OR '1'='1\",\"couponId\":1,\"userId\":5}");
    return batch;
}

static void expect_text(const char *what, const struct strbuf *out, const char *expected)
{
    if (out->len != strlen(expected) || strcmp(out->data, expected) != 0)
        fail_msg("%s: expected\n%s\nsaw\n%s", what, expected, out->len ? out->data : "(nothing)");
}

static void fences_are_locked_made_and_moved_in_order(void **state)
{
    struct issue_batch *batch = mixed_batch();
    struct strbuf out = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&out, "left over");
    issue_statement_lock_fences(&out, "coupon-issue.v1", batch);
    expect_text("lock", &out,
                "SELECT partition_id,next_offset,UTC_TIMESTAMP(3) FROM consumer_fence WHERE "
                "topic='coupon-issue.v1' AND partition_id IN (0,2) ORDER BY partition_id FOR "
                "UPDATE");
    issue_statement_make_fences(&out, "coupon-issue.v1", batch);
    expect_text("make", &out,
                "INSERT INTO consumer_fence (topic,partition_id,next_offset,updated_at) VALUES "
                "('coupon-issue.v1',0,0,UTC_TIMESTAMP(3)),('coupon-issue.v1',2,0,UTC_TIMESTAMP(3)) "
                "ON DUPLICATE KEY UPDATE next_offset=next_offset");
    issue_statement_move_fences(&out, "coupon-issue.v1", batch);
    expect_text("move", &out,
                "UPDATE consumer_fence SET next_offset=GREATEST(next_offset,CASE partition_id "
                "WHEN 0 THEN 6 WHEN 2 THEN 20 END),updated_at=UTC_TIMESTAMP(3) WHERE "
                "topic='coupon-issue.v1' AND partition_id IN (0,2)");
    strbuf_free(&out);
    issue_batch_free(batch);
}

static void what_is_asked_leaves_out_what_is_skipped(void **state)
{
    struct issue_batch *batch = mixed_batch();
    struct strbuf out = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&out, "left over");
    assert_int_equal(issue_statement_known(&out, batch), 8);
    expect_text("known", &out,
                "SELECT request_id,coupon_id,user_id,outcome='DEAD_LETTERED' FROM "
                "coupon_issue_result WHERE request_id IN "
                "('z','m','Z.9_-','a','p','again','other','half')");
    strbuf_free(&out);
    issue_batch_free(batch);
}

static void coupons_are_found_locked_and_updated(void **state)
{
    static const uint64_t ids[] = {3, 7, INT64_MAX};
    static const struct issue_count counts[] = {{3, 0}, {7, 6}, {INT64_MAX, UINT32_MAX}};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&out, "left over");
    issue_statement_policy_coupons(&out, ids, 2);
    expect_text("policies", &out, "SELECT coupon_id FROM coupon WHERE policy_id IN (3,7)");
    issue_statement_lock_coupons(&out, ids, 3);
    expect_text("lock", &out,
                "SELECT " COUPON_ROW_COLUMNS
                " FROM coupon WHERE coupon_id IN (3,7,9223372036854775807) ORDER BY coupon_id FOR "
                "UPDATE");
    issue_statement_update_coupons(&out, counts, 3);
    expect_text("update", &out,
                "UPDATE coupon SET issued_count=CASE coupon_id WHEN 3 THEN 0 WHEN 7 THEN 6 WHEN "
                "9223372036854775807 THEN 4294967295 END WHERE coupon_id IN "
                "(3,7,9223372036854775807)");
    strbuf_free(&out);
}

static void holdings_are_asked_for_coupon_by_coupon(void **state)
{
    static const struct issue_pair pairs[] = {{3, 17}, {3, 18}, {7, 16}};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    assert_int_equal(issue_statement_holdings(&out, pairs, 3), 3);
    expect_text("holdings", &out,
                "SELECT coupon_id,user_id,COUNT(*),MAX(user_seq) FROM user_coupon FORCE INDEX "
                "(user_coupon_holding) WHERE coupon_id=3 AND user_id IN (17,18) GROUP BY "
                "coupon_id,user_id UNION ALL SELECT coupon_id,user_id,COUNT(*),MAX(user_seq) FROM "
                "user_coupon FORCE INDEX (user_coupon_holding) WHERE coupon_id=7 AND user_id IN "
                "(16) GROUP BY coupon_id,user_id");
    assert_int_equal(issue_statement_holdings(&out, NULL, 0), 0);
    expect_text("no holdings", &out, "");
    issue_statement_holders(&out, 7, 5, 4294967295u);
    expect_text("holders", &out,
                "SELECT user_id FROM user_coupon WHERE coupon_id=7 AND issue_no>5 AND "
                "issue_no<=4294967295");
    strbuf_free(&out);
}

static void winners_are_inserted_in_order_of_their_key(void **state)
{
    struct issue_batch *batch = mixed_batch();
    struct strbuf out = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&out, "left over");
    assert_int_equal(issue_statement_insert_user_coupons(&out, batch, NOW), 3);
    expect_text("winners", &out,
                "INSERT INTO user_coupon "
                "(coupon_id,issue_no,user_id,user_seq,issued_at,expires_at) VALUES "
                "(7,5,16,1," NOW_TEXT ",NULL),(7,6,17,2," NOW_TEXT "," NOW_TEXT "),"
                "(9223372036854775807,2000000000,9223372036854775807,3," NOW_TEXT
                ",'2022-02-26 11:31:43.123')");
    strbuf_free(&out);
    issue_batch_free(batch);
}

/* A faulty record's own time may be wrong, so it counts as accepted when it was decided. */
static void results_are_inserted_in_order_of_their_key(void **state)
{
    struct issue_batch *batch = mixed_batch();
    struct strbuf out = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&out, "left over");
    assert_int_equal(issue_statement_insert_results(&out, batch, NOW), 6);
    expect_text(
        "results", &out,
        "INSERT INTO coupon_issue_result (request_id,coupon_id,user_id,partition_id,"
        "record_offset,outcome,issue_no,accepted_at,decided_at) VALUES "
        "('Z.9_-',7,17,2,11,'ISSUED',6," ACCEPTED_TEXT "," NOW_TEXT "),"
        "('a',3,17,2,12,'SOLD_OUT',NULL," ACCEPTED_TEXT "," NOW_TEXT "),"
        "('half',NULL,5,2,18,'DEAD_LETTERED',NULL," NOW_TEXT "," NOW_TEXT "),"
        "('m',9223372036854775807,9223372036854775807,0,5,'ISSUED',2000000000," ACCEPTED_TEXT
        "," NOW_TEXT "),"
        "('p',NULL,18,2,13,'UNKNOWN_COUPON',NULL," ACCEPTED_TEXT "," NOW_TEXT "),"
        "('z',7,16,2,10,'ISSUED',5," ACCEPTED_TEXT "," NOW_TEXT ")");
    strbuf_free(&out);
    issue_batch_free(batch);
}

static void the_failed_results_of_decided_replays_make_room(void **state)
{
    struct issue_batch *batch = mixed_batch();
    struct strbuf out = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&out, "left over");
    assert_int_equal(issue_statement_delete_replayed(&out, batch), 0);
    expect_text("no replays", &out, "");
    for (size_t i = 0; i < batch->count; i++)
        batch->items[i].record.replayed = i != 1;
    assert_int_equal(issue_statement_delete_replayed(&out, batch), 4);
    expect_text("replays", &out,
                "DELETE FROM coupon_issue_result WHERE request_id IN ('Z.9_-','a','p','z') AND "
                "outcome='DEAD_LETTERED'");
    strbuf_free(&out);
    issue_batch_free(batch);
}

static void nothing_to_say_is_nothing(void **state)
{
    struct issue_batch *batch = batch_of(3);
    struct strbuf out = STRBUF_INIT;

    (void)state;
    add_garbage(batch, 0, 1, "garbage");
    add(batch, 0, 2, "a", "couponId", 1, 1)->verdict.kind = ISSUE_VERDICT_REPEATED;
    batch->items[1].skipped = true;
    strbuf_add_text(&out, "left over");
    assert_int_equal(issue_statement_known(&out, batch), 0);
    expect_text("known", &out, "");
    strbuf_add_text(&out, "left over");
    assert_int_equal(issue_statement_insert_user_coupons(&out, batch, NOW), 0);
    expect_text("winners", &out, "");
    strbuf_add_text(&out, "left over");
    assert_int_equal(issue_statement_insert_results(&out, batch, NOW), 0);
    expect_text("results", &out, "");
    strbuf_free(&out);
    issue_batch_free(batch);
}

/* Values in each "IN (…)" of a statement, in order; how many lists there are. */
static size_t list_sizes(const char *text, size_t *sizes, size_t max)
{
    size_t lists = 0;

    while ((text = strstr(text, "IN (")) != NULL) {
        assert_true(lists < max);
        sizes[lists] = 1;
        for (text += 4; *text != ')'; text++)
            sizes[lists] += *text == ',';
        lists++;
    }
    return lists;
}

static void expect_sizes(const char *what, const struct strbuf *out, size_t count)
{
    size_t sizes[8];
    size_t lists = list_sizes(out->data, sizes, 8);
    size_t expected = (count + 499) / 500;

    if (lists != expected)
        fail_msg("%s of %zu: expected %zu lists, saw %zu", what, count, expected, lists);
    for (size_t i = 0; i < lists; i++) {
        size_t size = i + 1 < lists ? 500 : count - 500 * (lists - 1);

        if (sizes[i] != size)
            fail_msg("%s of %zu: list %zu has %zu, expected %zu", what, count, i, sizes[i], size);
    }
}

static void long_lists_are_cut_at_500(void **state)
{
    static const size_t counts[] = {1, 499, 500, 501, 1000, 1001, 1600};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        struct issue_batch *batch = batch_of(counts[c]);
        struct issue_pair *pairs = calloc(counts[c], sizeof *pairs);

        for (size_t i = 0; i < counts[c]; i++) {
            char id[24];

            snprintf(id, sizeof id, "r%zu", i);
            add(batch, 0, (int64_t)i, id, "couponId", 1, 1);
            pairs[i] = (struct issue_pair){1, i + 1};
        }
        assert_int_equal(issue_statement_known(&out, batch), counts[c]);
        expect_sizes("known", &out, counts[c]);
        assert_int_equal(issue_statement_holdings(&out, pairs, counts[c]), counts[c]);
        expect_sizes("holdings", &out, counts[c]);
        free(pairs);
        issue_batch_free(batch);
    }
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fences_are_locked_made_and_moved_in_order),
        cmocka_unit_test(what_is_asked_leaves_out_what_is_skipped),
        cmocka_unit_test(coupons_are_found_locked_and_updated),
        cmocka_unit_test(holdings_are_asked_for_coupon_by_coupon),
        cmocka_unit_test(winners_are_inserted_in_order_of_their_key),
        cmocka_unit_test(results_are_inserted_in_order_of_their_key),
        cmocka_unit_test(the_failed_results_of_decided_replays_make_room),
        cmocka_unit_test(nothing_to_say_is_nothing),
        cmocka_unit_test(long_lists_are_cut_at_500),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
