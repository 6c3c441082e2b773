/* A batch keeps records in the order they came, knows the span of each partition, is full at its
 * count or its bytes, and gives every message back once. */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "issue-worker/issue_batch.h"

#define GOOD "{\"requestId\":\"REQ-1\",\"couponId\":1,\"userId\":16}"

static size_t released;
static int last_released;

static void release(void *message)
{
    released++;
    last_released = *(int *)message;
}

static void add(struct issue_batch *batch, int32_t partition, int64_t offset, const char *value,
                size_t len, int64_t begin_offset, int *message)
{
    const struct issue_record record = {
        .topic = "t",
        .partition = partition,
        .offset = offset,
        .timestamp_ms = 1000,
        .key = "1",
        .key_len = 1,
        .value = value,
        .value_len = len,
    };

    issue_batch_add(batch, &record, message, begin_offset);
}

static void records_stay_in_order_and_spans_are_sorted(void **state)
{
    static const struct {
        int32_t partition;
        int64_t offset;
        int64_t begin_offset;
    } rows[] = {
        {2, 10, 8},
        {0, 5, 5},
        {2, 11, 11},
        {1, 0, 0},
        {2, 40, 12},
        {0, 6, 6},
        {7, INT64_C(1) << 40, 3},
    };
    static const struct issue_span expected[] = {
        {0, 5, 7, 5},
        {1, 0, 1, 0},
        {2, 10, 41, 8},
        {7, INT64_C(1) << 40, (INT64_C(1) << 40) + 1, 3},
    };
    struct issue_batch *batch = issue_batch_new(10, release);
    int messages[7];

    (void)state;
    for (int i = 0; i < 7; i++) {
        messages[i] = i;
        add(batch, rows[i].partition, rows[i].offset, GOOD, strlen(GOOD), rows[i].begin_offset,
            &messages[i]);
    }
    assert_int_equal(batch->count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(batch->items[i].record.offset, rows[i].offset);
        assert_ptr_equal(batch->items[i].message, &messages[i]);
    }
    assert_int_equal(batch->span_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct issue_span *span = issue_batch_span(batch, expected[i].partition);

        assert_ptr_equal(span, &batch->spans[i]);
        if (span->partition != expected[i].partition ||
            span->first_offset != expected[i].first_offset ||
            span->next_offset != expected[i].next_offset ||
            span->begin_offset != expected[i].begin_offset)
            fail_msg("span %zu: saw %" PRId32 ", %" PRId64 "…%" PRId64 " from %" PRId64, i,
                     span->partition, span->first_offset, span->next_offset, span->begin_offset);
    }
    issue_batch_free(batch);
}

/* Records 11 to 19 were read, and are not in the batch: its fence would pass them. */
static void a_batch_that_leaves_records_out_is_no_batch(void **state)
{
    struct issue_batch *batch = issue_batch_new(10, release);
    int message = 0;
    int status = 0;
    pid_t child;

    (void)state;
    add(batch, 1, 10, GOOD, strlen(GOOD), 10, &message);
    child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        add(batch, 1, 20, GOOD, strlen(GOOD), 20, &message);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        fail_msg("saw status %d", status);
    add(batch, 1, 20, GOOD, strlen(GOOD), 11, &message);
    assert_int_equal(batch->spans[0].next_offset, 21);
    issue_batch_free(batch);
}

/* More partitions than there was room for at first, in falling order. */
static void many_partitions_fit(void **state)
{
    struct issue_batch *batch = issue_batch_new(100, release);
    int message = 0;

    (void)state;
    for (int32_t partition = 99; partition >= 0; partition--)
        add(batch, partition, partition, GOOD, strlen(GOOD), 0, &message);
    assert_int_equal(batch->span_count, 100);
    for (int32_t partition = 0; partition < 100; partition++) {
        assert_int_equal(batch->spans[partition].partition, partition);
        assert_int_equal(batch->spans[partition].next_offset, partition + 1);
    }
    issue_batch_free(batch);
}

static void records_are_read_and_faults_explained(void **state)
{
    struct issue_batch *batch = issue_batch_new(3, release);
    int message = 0;

    (void)state;
    add(batch, 0, 0, GOOD, strlen(GOOD), 0, &message);
    add(batch, 0, 1, "{", 1, 0, &message);
    add(batch, 0, 2, NULL, 0, 0, &message);
    assert_int_equal(batch->items[0].fault, ISSUE_REQUEST_OK);
    assert_null(batch->items[0].detail);
    assert_string_equal(batch->items[0].request.request_id, "REQ-1");
    assert_int_equal(batch->items[0].request.user_id, 16);
    assert_int_equal(batch->items[1].fault, ISSUE_REQUEST_NOT_JSON);
    assert_non_null(batch->items[1].detail);
    assert_true(strlen(batch->items[1].detail) > 0);
    assert_string_equal(batch->items[1].request.request_id, "");
    assert_int_equal(batch->items[2].fault, ISSUE_REQUEST_EMPTY);
    issue_batch_free(batch);
}

static void it_is_full_at_its_count_and_can_be_used_again(void **state)
{
    struct issue_batch *batch = issue_batch_new(3, release);
    int messages[3] = {1, 2, 3};

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            assert_false(issue_batch_full(batch));
            /* Another one is faulty each time: nothing of the last round may be left. */
            add(batch, 1, i, i == round ? "x" : GOOD, i == round ? 1 : strlen(GOOD), 0,
                &messages[i]);
            assert_int_equal(batch->items[i].detail != NULL, i == round);
            assert_int_equal(batch->items[i].verdict.issue_no, 0);
            batch->items[i].verdict.issue_no = 7;
        }
        assert_true(issue_batch_full(batch));
        released = 0;
        issue_batch_clear(batch);
        assert_int_equal(released, 3);
        assert_int_equal(last_released, 3);
        assert_int_equal(batch->count, 0);
        assert_int_equal(batch->span_count, 0);
        assert_int_equal(batch->bytes, 0);
    }
    add(batch, 1, 9, GOOD, strlen(GOOD), 0, &messages[0]);
    assert_int_equal(batch->items[0].verdict.kind, 0);
    assert_false(batch->items[0].skipped);
    released = 0;
    issue_batch_free(batch);
    assert_int_equal(released, 1);
    issue_batch_free(NULL);
}

/* Records of a mebibyte: nine times one less than the limit's eighth would not do, eight do. */
static void it_is_full_at_its_bytes(void **state)
{
    const size_t len = ISSUE_BATCH_MAX_BYTES / 8 - 1; /* and one byte of key */
    struct issue_batch *batch = issue_batch_new(100, release);
    char *value = malloc(len);
    int message = 0;

    (void)state;
    memset(value, 'x', len);
    for (int i = 0; i < 8; i++) {
        if (issue_batch_full(batch))
            fail_msg("full at %zu bytes, expected %u", batch->bytes, ISSUE_BATCH_MAX_BYTES);
        add(batch, 0, i, value, len, 0, &message);
    }
    assert_int_equal(batch->bytes, ISSUE_BATCH_MAX_BYTES);
    assert_true(issue_batch_full(batch));
    issue_batch_clear(batch);
    assert_false(issue_batch_full(batch));
    issue_batch_free(batch);
    free(value);
}

static void an_issued_item_is_one_that_was_decided_so(void **state)
{
    struct issue_item item = {
        .verdict = {.kind = ISSUE_VERDICT_DECIDED, .outcome = ISSUE_OUTCOME_ISSUED}};

    (void)state;
    assert_true(issue_item_is_issued(&item));
    item.skipped = true;
    assert_false(issue_item_is_issued(&item));
    item.skipped = false;
    item.verdict.kind = ISSUE_VERDICT_REPEATED;
    assert_false(issue_item_is_issued(&item));
    item.verdict.kind = ISSUE_VERDICT_DECIDED;
    item.verdict.outcome = ISSUE_OUTCOME_SOLD_OUT;
    assert_false(issue_item_is_issued(&item));
}

static void a_view_is_a_batch_of_its_own(void **state)
{
    static const struct {
        int32_t partition;
        int64_t offset;
    } rows[] = {{1, 10}, {0, 5}, {1, 30}, {0, 6}, {2, 7}};
    struct issue_batch *batch = issue_batch_new(10, release);
    struct issue_batch view = {0};
    int message = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        add(batch, rows[i].partition, rows[i].offset, GOOD, strlen(GOOD), 3, &message);
    issue_batch_view(&view, batch, 2, 5);
    assert_int_equal(view.count, 3);
    assert_ptr_equal(view.items, &batch->items[2]);
    assert_int_equal(view.span_count, 3);
    /* 11…29 are missing in the log itself; 3…6 of partition 2 too, 0…2 may not be. */
    assert_int_equal(view.spans[1].first_offset, 30);
    assert_int_equal(view.spans[1].next_offset, 31);
    assert_int_equal(view.spans[1].begin_offset, 11);
    assert_int_equal(view.spans[2].first_offset, 7);
    assert_int_equal(view.spans[2].begin_offset, 3);

    issue_batch_view(&view, batch, 0, 1);
    assert_int_equal(view.count, 1);
    assert_int_equal(view.span_count, 1);
    assert_int_equal(view.spans[0].partition, 1);
    assert_int_equal(view.spans[0].next_offset, 11);
    assert_int_equal(view.spans[0].begin_offset, 3);
    issue_batch_view_free(&view);
    issue_batch_free(batch);
}

static void a_record_is_set_aside_with_ever_less(void **state)
{
    struct issue_batch *batch = issue_batch_new(10, release);
    struct issue_item *item = &batch->items[0];
    int message = 0;

    (void)state;
    add(batch, 1, 10, GOOD, strlen(GOOD), 0, &message);
    issue_item_set_aside(item, 1, 6, "error 1644");
    assert_int_equal(item->fault, ISSUE_REQUEST_REFUSED);
    assert_string_equal(item->detail, "error 1644");
    assert_int_equal(item->tries, 6);
    assert_int_equal(item->request.user_id, 16);
    issue_item_set_aside(item, 2, 6, "error 4025");
    assert_string_equal(item->detail, "error 1644");
    assert_string_equal(item->request.request_id, "REQ-1");
    assert_int_equal(item->request.user_id + item->request.coupon_id, 0);
    issue_item_set_aside(item, 3, 6, "error 4025");
    assert_string_equal(item->request.request_id, "");

    /* What can't be read keeps its own fault. */
    add(batch, 1, 11, "{", 1, 0, &message);
    issue_item_set_aside(&batch->items[1], 1, 6, "error 1644");
    assert_int_equal(batch->items[1].fault, ISSUE_REQUEST_NOT_JSON);
    issue_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_is_a_batch_of_its_own),
        cmocka_unit_test(a_record_is_set_aside_with_ever_less),
        cmocka_unit_test(records_stay_in_order_and_spans_are_sorted),
        cmocka_unit_test(a_batch_that_leaves_records_out_is_no_batch),
        cmocka_unit_test(many_partitions_fit),
        cmocka_unit_test(records_are_read_and_faults_explained),
        cmocka_unit_test(it_is_full_at_its_count_and_can_be_used_again),
        cmocka_unit_test(it_is_full_at_its_bytes),
        cmocka_unit_test(an_issued_item_is_one_that_was_decided_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
