/* A record that names a policy gets the coupon whose window holds its instant; else the one that
 * tells best why there is none. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/issue_decision.h"

#define POLICY 7

struct window {
    uint64_t coupon_id;
    int64_t starts_ms, ends_ms;
};

/* Two windows with a pause, one that begins where the other ends, two that overlap. */
static const struct window windows[] = {
    {12, 1000, 2000}, {11, 3000, 4000}, {13, 4000, 5000}, {20, 8000, 9000},
    {19, 8500, 9500}, {31, 9600, 9700}, {30, 9600, 9700},
};

static struct issue_decision *decision_of(bool reversed)
{
    struct issue_decision *decision = issue_decision_new();
    const size_t count = sizeof windows / sizeof windows[0];

    for (size_t i = 0; i < count; i++) {
        const struct window *window = &windows[reversed ? count - 1 - i : i];
        const struct coupon coupon = {
            .coupon_id = window->coupon_id,
            .policy_id = POLICY,
            .total_stock = 1,
            .per_user_limit = 1,
            .issue_starts_at_ms = window->starts_ms,
            .issue_ends_at_ms = window->ends_ms,
            .valid_until_ms = COUPON_NEVER_MS,
            .status = COUPON_OPEN,
            .closed_at_ms = COUPON_NEVER_MS,
        };

        issue_decision_add_coupon(decision, &coupon);
    }
    return decision;
}

static struct issue_verdict ask(struct issue_decision *decision, const char *id, uint64_t coupon_id,
                                uint64_t policy_id, uint64_t user_id, int64_t at_ms)
{
    struct issue_request request = {
        .coupon_id = coupon_id,
        .policy_id = policy_id,
        .user_id = user_id,
        .accepted_at_ms = at_ms,
    };
    struct issue_verdict verdict;

    snprintf(request.request_id, sizeof request.request_id, "%s", id);
    issue_decide(decision, &request, ISSUE_REQUEST_OK, 0, &verdict);
    return verdict;
}

static void expect(struct issue_verdict seen, enum issue_verdict_kind kind,
                   enum issue_outcome outcome, uint64_t coupon_id, int64_t at_ms)
{
    if (seen.kind != kind || seen.outcome != outcome || seen.coupon_id != coupon_id)
        fail_msg("at %" PRId64 ": expected kind %d, outcome %d of coupon %" PRIu64
                 ", saw %d, %d of %" PRIu64,
                 at_ms, kind, outcome, coupon_id, seen.kind, seen.outcome, seen.coupon_id);
}

static void the_window_that_holds_the_instant_is_taken(void **state)
{
    static const struct {
        int64_t at_ms;
        enum issue_outcome outcome;
        uint64_t coupon_id;
    } rows[] = {
        {0, ISSUE_OUTCOME_NOT_STARTED, 12},    {999, ISSUE_OUTCOME_NOT_STARTED, 12},
        {1000, ISSUE_OUTCOME_ISSUED, 12},      {1999, ISSUE_OUTCOME_ISSUED, 12},
        {2000, ISSUE_OUTCOME_NOT_STARTED, 11}, {2999, ISSUE_OUTCOME_NOT_STARTED, 11},
        {3000, ISSUE_OUTCOME_ISSUED, 11},      {3999, ISSUE_OUTCOME_ISSUED, 11},
        {4000, ISSUE_OUTCOME_ISSUED, 13},      {5000, ISSUE_OUTCOME_NOT_STARTED, 20},
        {8500, ISSUE_OUTCOME_ISSUED, 19}, /* both hold it: the later start */
        {8499, ISSUE_OUTCOME_ISSUED, 20},      {9000, ISSUE_OUTCOME_ISSUED, 19},
        {9500, ISSUE_OUTCOME_NOT_STARTED, 30}, /* both start next: the smaller id */
        {9600, ISSUE_OUTCOME_ISSUED, 30},      {9700, ISSUE_OUTCOME_ENDED, 30},
        {INT64_MAX, ISSUE_OUTCOME_ENDED, 30},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int reversed = 0; reversed < 2; reversed++) {
            struct issue_decision *decision = decision_of(reversed);

            expect(ask(decision, "a", 0, POLICY, 1, rows[i].at_ms), ISSUE_VERDICT_DECIDED,
                   rows[i].outcome, rows[i].coupon_id, rows[i].at_ms);
            issue_decision_free(decision);
        }
    }
}

static void each_window_has_its_own_stock_and_limit(void **state)
{
    struct issue_decision *decision = decision_of(false);

    (void)state;
    expect(ask(decision, "a", 0, POLICY, 1, 1500), ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_ISSUED, 12,
           1500);
    expect(ask(decision, "b", 0, POLICY, 1, 1500), ISSUE_VERDICT_DECIDED,
           ISSUE_OUTCOME_ALREADY_ISSUED, 12, 1500);
    expect(ask(decision, "c", 0, POLICY, 2, 1500), ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_SOLD_OUT,
           12, 1500);
    expect(ask(decision, "d", 12, 0, 2, 1500), ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_SOLD_OUT, 12,
           1500);
    expect(ask(decision, "e", 0, POLICY, 1, 3500), ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_ISSUED, 11,
           3500);
    assert_int_equal(issue_decision_issued_count(decision, 11), 1);
    assert_int_equal(issue_decision_issued_count(decision, 13), 0);
    issue_decision_free(decision);
}

static void other_policies_and_none_are_not_looked_at(void **state)
{
    struct issue_decision *decision = decision_of(false);

    (void)state;
    expect(ask(decision, "a", 0, POLICY + 1, 1, 1500), ISSUE_VERDICT_DECIDED,
           ISSUE_OUTCOME_UNKNOWN_COUPON, 0, 1500);
    expect(ask(decision, "b", POLICY, 0, 1, 1500), ISSUE_VERDICT_DECIDED,
           ISSUE_OUTCOME_UNKNOWN_COUPON, POLICY, 1500);
    issue_decision_free(decision);
}

/* The coupon of a policy may be another one by the time a request comes again. */
static void a_repeat_is_known_by_its_user(void **state)
{
    struct issue_decision *decision = decision_of(false);

    (void)state;
    issue_decision_add_known(decision, "old", 99, 1);
    issue_decision_add_known(decision, "none", 0, 1); /* was UNKNOWN_COUPON */
    expect(ask(decision, "old", 0, POLICY, 1, 1500), ISSUE_VERDICT_REPEATED, 0, 12, 1500);
    expect(ask(decision, "none", 0, POLICY, 1, 1500), ISSUE_VERDICT_REPEATED, 0, 12, 1500);
    expect(ask(decision, "old", 0, POLICY, 2, 1500), ISSUE_VERDICT_CONFLICT, 0, 12, 1500);
    expect(ask(decision, "new", 0, POLICY, 1, 1500), ISSUE_VERDICT_DECIDED, ISSUE_OUTCOME_ISSUED,
           12, 1500);
    expect(ask(decision, "new", 12, 0, 1, 1500), ISSUE_VERDICT_REPEATED, 0, 12, 1500);
    expect(ask(decision, "new", 11, 0, 1, 1500), ISSUE_VERDICT_CONFLICT, 0, 11, 1500);
    assert_int_equal(issue_decision_issued_count(decision, 12), 1);
    issue_decision_free(decision);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_that_holds_the_instant_is_taken),
        cmocka_unit_test(each_window_has_its_own_stock_and_limit),
        cmocka_unit_test(other_policies_and_none_are_not_looked_at),
        cmocka_unit_test(a_repeat_is_known_by_its_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
