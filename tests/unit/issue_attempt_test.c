/* A COMMIT without an answer is found by the fence, for its own batch alone; a failure's text says
 * what happened and what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/issue_attempt.h"

static void the_fence_tells_of_a_lost_commit(void **state)
{
    struct issue_span span = {.partition = 2, .first_offset = 100, .next_offset = 110};
    struct issue_span later = {.partition = 2, .first_offset = 110, .next_offset = 120};
    struct issue_batch batch = {.spans = &span, .span_count = 1};
    struct issue_batch other = {.spans = &later, .span_count = 1};
    struct lost_commit lost = {0};

    (void)state;
    assert_int_equal(lost_commit_look(&lost, &batch, 10), ISSUE_COMMIT_ANSWERED);
    lost_commit_note(&lost, &batch);
    assert_int_equal(lost_commit_look(&lost, &batch, 0), ISSUE_COMMIT_FOUND_DONE);
    assert_int_equal(lost_commit_look(&lost, &batch, 0), ISSUE_COMMIT_ANSWERED);
    lost_commit_note(&lost, &batch);
    assert_int_equal(lost_commit_look(&lost, &batch, 10), ISSUE_COMMIT_FOUND_UNDONE);
    /* Taken away meanwhile: nobody here will know. */
    lost_commit_note(&lost, &batch);
    assert_int_equal(lost_commit_look(&lost, &other, 0), ISSUE_COMMIT_ANSWERED);
    assert_int_equal(lost_commit_look(&lost, &batch, 0), ISSUE_COMMIT_ANSWERED);
}

static void a_failure_says_what_to_do(void **state)
{
    struct sql_fault fault = {.code = 1290, .text = "running with the --read-only option"};
    struct issue_attempt attempt = {0};

    (void)state;
    issue_attempt_fail(&attempt, FAILURE_OUTAGE, ISSUE_FAILURE_DATABASE, &fault);
    assert_int_equal(attempt.end, ISSUE_END_FAILED);
    assert_string_equal(attempt.failure.text,
                        "error 1290 ER_OPTION_PREVENTS_STATEMENT: running with the --read-only "
                        "option; if this server is no longer the primary, let the address point to "
                        "the new one");
    fault = (struct sql_fault){.code = 1205, .text = "Lock wait timeout exceeded"};
    issue_attempt_fail(&attempt, FAILURE_TRANSIENT, ISSUE_FAILURE_DATABASE, &fault);
    assert_string_equal(attempt.failure.text,
                        "error 1205 ER_LOCK_WAIT_TIMEOUT: Lock wait timeout exceeded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fence_tells_of_a_lost_commit),
        cmocka_unit_test(a_failure_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
