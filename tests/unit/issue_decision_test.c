/* One request, one verdict: each rule of the decision, the order of the rules, and what a record
 * sees of those before it in its batch. */
#include "tests/unit/issue_decision_rows.h"

static void a_window_is_half_open(void **state)
{
    const struct coupon coupon = coupon_of(1, 9, 0, 1);
    const struct row rows[] = {
        REJECTED("long before", 1, 10, 0, NOT_STARTED),
        REJECTED("just before", 1, 11, STARTS - 1, NOT_STARTED),
        POLICY("unknown policy", 77, 11, STARTS, UNKNOWN_COUPON, 0, 0, 0),
        {"first", 1, 0, 12, STARTS, 0, 0, ISSUE_OUTCOME_ISSUED, 1, 1, 1},
        {"last", 1, 0, 13, ENDS - 1, 0, 0, ISSUE_OUTCOME_ISSUED, 1, 2, 1},
        REJECTED("just over", 1, 14, ENDS, ENDED),
        REJECTED("long over", 1, 15, INT64_MAX, ENDED),
    };
    struct coupon endless = coupon;
    const struct row late = {"late", 1, 0, 1, INT64_MAX - 1, 0, 0, ISSUE_OUTCOME_ISSUED, 1, 1, 1};

    (void)state;
    expect_with(&coupon, 1, rows, COUNT(rows));
    endless.issue_ends_at_ms = COUPON_NEVER_MS;
    expect_with(&endless, 1, &late, 1);
}

static void a_draft_never_starts_and_a_pause_decides(void **state)
{
    struct coupon coupons[] = {coupon_of(1, 9, 0, 1), coupon_of(2, 9, 0, 1)};
    const struct row rows[] = {
        REJECTED("d1", 1, 10, IN_TIME, NOT_STARTED),
        REJECTED("d2", 1, 10, ENDS, NOT_STARTED),
        REJECTED("d3", 1, 10, STARTS - 1, NOT_STARTED),
        ISSUED("p1", 2, 10, 1, 1),
    };

    (void)state;
    coupons[0].status = COUPON_DRAFT;
    coupons[1].status = COUPON_PAUSED;
    expect_with(coupons, 2, rows, COUNT(rows));
}

static void closing_counts_from_its_instant(void **state)
{
    struct coupon coupon = coupon_of(1, 1, 0, 1);
    const struct row rows[] = {
        REJECTED("before the window", 1, 9, STARTS - 1, NOT_STARTED),
        REJECTED("at the instant", 1, 10, 1600, CLOSED),
        {"just before it", 1, 0, 11, 1599, 0, 0, ISSUE_OUTCOME_ISSUED, 1, 1, 1},
        REJECTED("the same user before", 1, 11, 1599, ALREADY_ISSUED),
        REJECTED("the same user after", 1, 11, 1601, CLOSED),
        REJECTED("sold out before", 1, 12, 1599, SOLD_OUT),
        REJECTED("sold out after", 1, 12, 1600, CLOSED),
        REJECTED("over", 1, 12, ENDS, ENDED),
    };
    const struct row reopened = ISSUED("open again", 1, 10, 1, 1);

    (void)state;
    coupon.status = COUPON_CLOSED;
    coupon.closed_at_ms = 1600;
    expect_with(&coupon, 1, rows, COUNT(rows));
    /* The instant of an earlier close means nothing while the coupon is open. */
    coupon.status = COUPON_OPEN;
    coupon.closed_at_ms = 1400;
    expect_with(&coupon, 1, &reopened, 1);
}

static void an_unknown_coupon_goes_before_all_but_repeats(void **state)
{
    struct issue_decision *decision = issue_decision_new();
    const struct row rows[] = {
        REJECTED("u1", 5, 10, 0, UNKNOWN_COUPON),
        UNDECIDED("u1", 5, 0, 10, ISSUE_REQUEST_OK, REPEATED, 5),
        UNDECIDED("old", 5, 0, 10, ISSUE_REQUEST_OK, REPEATED, 5),
    };

    (void)state;
    issue_decision_add_known(decision, "old", 5, 10);
    expect_rows(decision, rows, COUNT(rows));
    issue_decision_free(decision);
}

/* Each record breaks the rule of its row and all those below it. */
static void the_rules_have_an_order(void **state)
{
    struct coupon full = coupon_of(1, 1, 1, 1);
    struct issue_decision *decision = issue_decision_new();
    const struct row rows[] = {
        REJECTED("starts", 1, 10, STARTS - 1, NOT_STARTED),
        REJECTED("ends", 1, 10, ENDS, ENDED),
        REJECTED("closed", 1, 10, IN_TIME, CLOSED),
        REJECTED("has", 1, 10, STARTS, ALREADY_ISSUED),
        REJECTED("gone", 1, 11, STARTS, SOLD_OUT),
    };

    (void)state;
    full.status = COUPON_CLOSED;
    full.closed_at_ms = STARTS + 1;
    issue_decision_add_coupon(decision, &full);
    issue_decision_add_holding(decision, 1, 10, 1, 1);
    expect_rows(decision, rows, COUNT(rows));
    issue_decision_free(decision);
}

static void a_batch_sees_itself(void **state)
{
    const struct coupon coupons[] = {coupon_of(1, 3, 1, 1), coupon_of(2, 1, 0, 1)};
    struct issue_decision *decision = issue_decision_new();
    const struct row rows[] = {
        ISSUED("a", 1, 10, 2, 1),
        REJECTED("b", 1, 10, IN_TIME, ALREADY_ISSUED),
        ISSUED("c", 2, 10, 1, 1),
        REJECTED("d", 2, 11, IN_TIME, SOLD_OUT),
        ISSUED("e", 1, 11, 3, 1),
        REJECTED("f", 1, 12, IN_TIME, SOLD_OUT),
        REJECTED("g", 1, 11, IN_TIME, ALREADY_ISSUED),
    };

    (void)state;
    for (int round = 0; round < 2; round++) {
        issue_decision_add_coupon(decision, &coupons[0]);
        issue_decision_add_coupon(decision, &coupons[1]);
        expect_rows(decision, rows, COUNT(rows));
        assert_int_equal(issue_decision_issued_count(decision, 1), 3);
        assert_int_equal(issue_decision_issued_count(decision, 2), 1);
        issue_decision_clear(decision); /* the same batch once more, from the same beginning */
    }
    issue_decision_free(decision);
}

static void a_user_gets_as_many_as_allowed(void **state)
{
    const struct coupon three = coupon_of(1, 10, 3, 3);
    struct issue_decision *decision = issue_decision_new();
    const struct row rows[] = {
        ISSUED("a1", 1, 10, 4, 1),
        ISSUED("b1", 1, 11, 5, 8), /* holds 2, numbered up to 7: one was taken back */
        ISSUED("a2", 1, 10, 6, 2),
        REJECTED("b2", 1, 11, IN_TIME, ALREADY_ISSUED),
        ISSUED("a3", 1, 10, 7, 3),
        REJECTED("a4", 1, 10, IN_TIME, ALREADY_ISSUED),
        REJECTED("c1", 1, 12, IN_TIME, ALREADY_ISSUED), /* has more than is allowed now */
    };

    (void)state;
    issue_decision_add_coupon(decision, &three);
    issue_decision_add_holding(decision, 1, 11, 2, 7);
    issue_decision_add_holding(decision, 1, 12, 4, 4);
    issue_decision_add_holding(decision, 2, 10, 3, 3); /* another coupon's */
    expect_rows(decision, rows, COUNT(rows));
    issue_decision_free(decision);
}

static void repeats_do_nothing_and_conflicts_change_nothing(void **state)
{
    const struct coupon coupon = coupon_of(1, 9, 0, 9);
    struct issue_decision *decision = issue_decision_new();
    const struct row rows[] = {
        ISSUED("a", 1, 10, 1, 1),
        UNDECIDED("a", 1, 0, 10, ISSUE_REQUEST_OK, REPEATED, 1),
        UNDECIDED("a", 1, 0, 11, ISSUE_REQUEST_OK, CONFLICT, 1),
        UNDECIDED("a", 2, 0, 10, ISSUE_REQUEST_OK, CONFLICT, 2),
        UNDECIDED("a", 0, 4, 10, ISSUE_REQUEST_OK, REPEATED, 0),
        UNDECIDED("a", 0, 4, 11, ISSUE_REQUEST_OK, CONFLICT, 0),
        UNDECIDED("old", 1, 0, 10, ISSUE_REQUEST_OK, REPEATED, 1),
        UNDECIDED("old", 1, 0, 12, ISSUE_REQUEST_OK, CONFLICT, 1),
        UNDECIDED("dead", 1, 0, 10, ISSUE_REQUEST_OK, CONFLICT, 1),
        ISSUED("A", 1, 10, 2, 2), /* ids differ by case */
    };

    (void)state;
    issue_decision_add_coupon(decision, &coupon);
    issue_decision_add_known(decision, "old", 1, 10);
    issue_decision_add_known(decision, "dead", 0, 0); /* dead-lettered, ids unreadable */
    expect_rows(decision, rows, COUNT(rows));
    issue_decision_free(decision);
}

static void a_faulty_record_is_dead_lettered_once(void **state)
{
    const struct coupon coupon = coupon_of(1, 9, 0, 9);
    struct issue_decision *decision = issue_decision_new();
    const struct row rows[] = {
        UNDECIDED("", 0, 0, 0, ISSUE_REQUEST_NOT_JSON, FAULTY, 0),
        UNDECIDED("", 0, 0, 0, ISSUE_REQUEST_EMPTY, FAULTY, 0), /* no id, so no repeat */
        UNDECIDED("f", 0, 0, 0, ISSUE_REQUEST_WRONG_SHAPE, FAULTY, 0),
        UNDECIDED("f", 0, 0, 0, ISSUE_REQUEST_WRONG_SHAPE, CONFLICT, 0),
        UNDECIDED("f", 1, 0, 10, ISSUE_REQUEST_OK, CONFLICT, 1),
        UNDECIDED("k", 1, 0, 10, ISSUE_REQUEST_OTHER_KEY, FAULTY, 1),
        UNDECIDED("k", 1, 0, 10, ISSUE_REQUEST_OK, REPEATED, 1), /* FAILED is its result */
        ISSUED("g", 1, 10, 1, 1),
        UNDECIDED("g", 1, 0, 10, ISSUE_REQUEST_NEW_VERSION, CONFLICT, 1),
    };

    (void)state;
    issue_decision_add_coupon(decision, &coupon);
    expect_rows(decision, rows, COUNT(rows));
    assert_int_equal(issue_decision_issued_count(decision, 1), 1);
    assert_int_equal(decide(decision, &rows[0]).outcome, ISSUE_OUTCOME_DEAD_LETTERED);
    issue_decision_free(decision);
}

static void expect_expiry(int64_t valid_until_ms, int64_t valid_for_seconds, int64_t expected)
{
    struct coupon coupon = coupon_of(1, 1, 0, 1);
    struct issue_decision *decision = issue_decision_new();
    const struct row row = ISSUED("a", 1, 10, 1, 1);
    struct issue_verdict verdict;

    coupon.valid_until_ms = valid_until_ms;
    coupon.valid_for_seconds = valid_for_seconds;
    issue_decision_add_coupon(decision, &coupon);
    verdict = decide(decision, &row);
    if (verdict.outcome != ISSUE_OUTCOME_ISSUED || verdict.expires_at_ms != expected)
        fail_msg("until %" PRId64 ", for %" PRId64 " s: expected %" PRId64 ", saw %" PRId64,
                 valid_until_ms, valid_for_seconds, expected, verdict.expires_at_ms);
    issue_decision_free(decision);
}

/* From the time of issue, not of acceptance. */
static void expiry_is_an_instant_or_a_while_after_issue(void **state)
{
    (void)state;
    expect_expiry(COUPON_NEVER_MS, 0, COUPON_NEVER_MS);
    expect_expiry(7777, 0, 7777);
    expect_expiry(COUPON_NEVER_MS, 1, NOW + 1000);
    expect_expiry(COUPON_NEVER_MS, COUPON_VALID_FOR_MAX, NOW + COUPON_VALID_FOR_MAX * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_half_open),
        cmocka_unit_test(a_draft_never_starts_and_a_pause_decides),
        cmocka_unit_test(closing_counts_from_its_instant),
        cmocka_unit_test(an_unknown_coupon_goes_before_all_but_repeats),
        cmocka_unit_test(the_rules_have_an_order),
        cmocka_unit_test(a_batch_sees_itself),
        cmocka_unit_test(a_user_gets_as_many_as_allowed),
        cmocka_unit_test(repeats_do_nothing_and_conflicts_change_nothing),
        cmocka_unit_test(a_faulty_record_is_dead_lettered_once),
        cmocka_unit_test(expiry_is_an_instant_or_a_while_after_issue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
