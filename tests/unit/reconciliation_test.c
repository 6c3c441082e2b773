/* What a window counts, and what ends it: a false alarm would be as bad as none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/reconciliation.h"

static void keep(void *message)
{
    (void)message;
}

/* A record of partition 1 that was issued its coupon. */
static struct issue_item *add(struct issue_batch *batch, int64_t offset, int64_t begin)
{
    char value[128];
    struct issue_record record = {
        .topic = "t", .partition = 1, .offset = offset, .key = "7", .key_len = 1};

    snprintf(value, sizeof value, "{\"requestId\":\"r%d\",\"couponId\":7,\"userId\":1}",
             (int)offset);
    record.value = value;
    record.value_len = strlen(value);
    issue_batch_add(batch, &record, NULL, begin);
    batch->items[batch->count - 1].verdict =
        (struct issue_verdict){.kind = ISSUE_VERDICT_DECIDED, .outcome = ISSUE_OUTCOME_ISSUED};
    return &batch->items[batch->count - 1];
}

static struct issue_batch *run_of(int64_t from, int64_t to, int64_t begin)
{
    struct issue_batch *batch = issue_batch_new(2000, keep);

    for (int64_t offset = from; offset < to; offset++)
        add(batch, offset, begin);
    return batch;
}

static void take(struct reconciliation_window *window, struct issue_batch *batch)
{
    reconciliation_take(window, batch, &batch->spans[0]);
    issue_batch_free(batch);
}

static void batches_in_a_row_are_one_run(void **state)
{
    struct reconciliation_window window = {0};
    struct strbuf statement = STRBUF_INIT;

    (void)state;
    take(&window, run_of(5, 7, 5));
    take(&window, run_of(7, 8, 7));
    assert_int_equal(window.records, 3);
    assert_int_equal(window.rows, 3);
    assert_int_equal(reconciliation_missing_records(&window), 0);
    assert_true(reconciliation_statement(&window, 1, &statement));
    assert_string_equal(statement.data,
                        "SELECT COUNT(*) FROM coupon_issue_result WHERE partition_id=1 AND "
                        "record_offset>=5 AND record_offset<8 AND request_id IN ('r5','r6','r7')");
    reconciliation_next(&window);
    assert_int_equal(window.records, 0);
    strbuf_clear(&statement);
    assert_false(reconciliation_statement(&window, 1, &statement));
    strbuf_free(&statement);
    reconciliation_clear(&window);
}

static void a_hole_inside_a_run_is_missing(void **state)
{
    struct reconciliation_window window = {0};

    (void)state;
    take(&window, run_of(5, 7, 5));
    take(&window, run_of(10, 12, 7));
    assert_int_equal(window.records, 4);
    assert_int_equal(reconciliation_missing_records(&window), 3);
    reconciliation_clear(&window);
}

static void a_jump_begins_anew(void **state)
{
    struct reconciliation_window window = {0};

    (void)state;
    take(&window, run_of(5, 7, 5));
    take(&window, run_of(10, 12, 10));
    assert_int_equal(window.from_offset, 10);
    assert_int_equal(window.records, 2);
    assert_int_equal(reconciliation_missing_records(&window), 0);
    reconciliation_clear(&window);
}

static void what_another_decided_is_not_counted(void **state)
{
    struct reconciliation_window window = {0};
    struct issue_batch *batch = run_of(5, 7, 5);

    (void)state;
    batch->items[0].skipped = true;
    take(&window, batch);
    assert_int_equal(window.records, 0);
    take(&window, run_of(7, 9, 7));
    assert_int_equal(window.records, 2);
    assert_int_equal(reconciliation_missing_records(&window), 0);
    reconciliation_clear(&window);
}

static void records_without_a_row_are_decided_all_the_same(void **state)
{
    struct reconciliation_window window = {0};
    struct issue_batch *batch = run_of(5, 9, 5);

    (void)state;
    batch->items[0].verdict.kind = ISSUE_VERDICT_REPEATED;
    batch->items[1].verdict.kind = ISSUE_VERDICT_CONFLICT;
    batch->items[2].verdict = (struct issue_verdict){.kind = ISSUE_VERDICT_FAULTY,
                                                     .outcome = ISSUE_OUTCOME_DEAD_LETTERED};
    take(&window, batch);
    assert_int_equal(window.records, 4);
    assert_int_equal(window.rows, 1);
    assert_int_equal(reconciliation_missing_records(&window), 0);
    reconciliation_clear(&window);
}

static void a_full_window_ends_in_the_middle(void **state)
{
    struct reconciliation_window window = {0};

    (void)state;
    take(&window, run_of(0, 1500, 0));
    assert_int_equal(window.rows, RECONCILIATION_ROWS);
    assert_int_equal(window.to_offset, RECONCILIATION_ROWS);
    take(&window, run_of(1500, 1600, 1500));
    assert_int_equal(window.to_offset, RECONCILIATION_ROWS);
    reconciliation_next(&window);
    take(&window, run_of(1600, 1610, 1600));
    assert_int_equal(window.from_offset, 1600);
    assert_int_equal(reconciliation_missing_records(&window), 0);
    reconciliation_clear(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_in_a_row_are_one_run),
        cmocka_unit_test(a_hole_inside_a_run_is_missing),
        cmocka_unit_test(a_jump_begins_anew),
        cmocka_unit_test(what_another_decided_is_not_counted),
        cmocka_unit_test(records_without_a_row_are_decided_all_the_same),
        cmocka_unit_test(a_full_window_ends_in_the_middle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
