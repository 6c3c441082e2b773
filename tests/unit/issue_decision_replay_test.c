/* A dead letter that is played again: decided once, as the record of its new offset, and only where
 * the dead letter is all that is known of its request. */
#include "tests/unit/issue_decision_rows.h"

/* What issue_decide_replay says of the row, and what issue_decide would have said. */
static void expect_replay(struct issue_decision *decision, const struct row *row)
{
    struct issue_request request = {.coupon_id = row->coupon_id,
                                    .policy_id = row->policy_id,
                                    .user_id = row->user_id,
                                    .accepted_at_ms = row->at_ms};
    struct issue_verdict seen;

    strcpy(request.request_id, row->request_id);
    issue_decide_replay(decision, &request, row->fault, NOW, &seen);
    if (seen.kind != row->kind || seen.issue_no != row->issue_no ||
        (row->kind == ISSUE_VERDICT_DECIDED && seen.outcome != row->outcome))
        fail_msg("replay of %s: expected kind %d, outcome %d, no %" PRIu32 "; saw %d, %d, %" PRIu32,
                 row->request_id, row->kind, row->outcome, row->issue_no, seen.kind, seen.outcome,
                 seen.issue_no);
}

static void a_replay_is_decided_once_and_only_where_a_dead_letter_is_all_there_is(void **state)
{
    const struct coupon coupon = coupon_of(1, 9, 0, 9);
    struct issue_decision *decision = issue_decision_new();
    const struct row no_replay = UNDECIDED("dead", 1, 0, 10, ISSUE_REQUEST_OK, REPEATED, 1);
    const struct row replays[] = {
        UNDECIDED("decided", 1, 0, 10, ISSUE_REQUEST_OK, REPEATED, 1),
        UNDECIDED("dead", 1, 0, 11, ISSUE_REQUEST_OK, CONFLICT, 1),          /* another user's */
        UNDECIDED("dead", 2, 0, 10, ISSUE_REQUEST_OK, CONFLICT, 2),          /* another coupon */
        UNDECIDED("dead", 1, 0, 10, ISSUE_REQUEST_NEW_VERSION, CONFLICT, 1), /* fails again */
        ISSUED("dead", 1, 10, 1, 1),
        UNDECIDED("dead", 1, 0, 10, ISSUE_REQUEST_OK, REPEATED, 1),
        UNDECIDED("dead", 1, 0, 10, ISSUE_REQUEST_OTHER_KEY, CONFLICT, 1),
        ISSUED("blank", 1, 10, 2, 2), /* its dead letter showed no ids */
        UNDECIDED("blank", 1, 0, 11, ISSUE_REQUEST_OK, CONFLICT, 1),
        REJECTED("late", 1, 10, ENDS, ENDED),
        ISSUED("new", 1, 10, 3, 3),
    };

    (void)state;
    issue_decision_add_coupon(decision, &coupon);
    issue_decision_add_known(decision, "decided", 1, 10);
    issue_decision_add_failed(decision, "dead", 1, 10);
    issue_decision_add_failed(decision, "blank", 0, 0);
    issue_decision_add_failed(decision, "late", 1, 10);
    expect_rows(decision, &no_replay, 1);
    for (size_t i = 0; i < COUNT(replays); i++)
        expect_replay(decision, &replays[i]);
    issue_decision_free(decision);
}

/* A worker killed between a dead letter and its COMMIT has both in one batch when an operator was
 * quicker than the next worker: only one result may come of them. */
static void a_replay_in_the_batch_of_its_own_dead_letter_is_its_only_result(void **state)
{
    const struct coupon coupon = coupon_of(1, 9, 0, 9);
    struct issue_decision *decision = issue_decision_new();
    const struct issue_request request = {
        .request_id = "a", .coupon_id = 1, .user_id = 10, .accepted_at_ms = IN_TIME};
    struct issue_verdict dead, replayed, again;

    (void)state;
    issue_decision_add_coupon(decision, &coupon);
    issue_decide(decision, &request, ISSUE_REQUEST_OTHER_KEY, NOW, &dead);
    assert_int_equal(dead.kind, ISSUE_VERDICT_FAULTY);
    issue_decide_replay(decision, &request, ISSUE_REQUEST_OK, NOW, &replayed);
    issue_decide_replay(decision, &request, ISSUE_REQUEST_OK, NOW, &again);
    assert_int_equal(dead.kind, ISSUE_VERDICT_CONFLICT);
    assert_int_equal(replayed.kind, ISSUE_VERDICT_DECIDED);
    assert_int_equal(replayed.issue_no, 1);
    assert_int_equal(again.kind, ISSUE_VERDICT_REPEATED);
    issue_decision_free(decision);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_is_decided_once_and_only_where_a_dead_letter_is_all_there_is),
        cmocka_unit_test(a_replay_in_the_batch_of_its_own_dead_letter_is_its_only_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
