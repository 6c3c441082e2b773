/* Which window of a policy a request is for, at each place in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/contract/policy_choice.h"

#define NEVER INT64_MAX

/* In no order on purpose. */
static const struct policy_window windows[] = {
    {3, 50, 60},
    {1, 10, 20},
    {2, 30, 40},
};

static void expect(const struct policy_window *given, size_t count, int64_t at_ms,
                   uint64_t coupon_id)
{
    const struct policy_window *chosen = policy_choice(given, count, at_ms);

    if (!chosen || chosen->coupon_id != coupon_id)
        fail_msg("at %d: expected %d, saw %d", (int)at_ms, (int)coupon_id,
                 chosen ? (int)chosen->coupon_id : -1);
}

static void the_open_one_else_the_next_else_the_last(void **state)
{
    static const struct {
        int64_t at_ms;
        uint64_t coupon_id;
    } table[] = {{0, 1},  {9, 1},  {10, 1}, {19, 1}, {20, 2}, {29, 2}, {30, 2},
                 {39, 2}, {40, 3}, {49, 3}, {50, 3}, {59, 3}, {60, 3}, {INT64_MAX, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        expect(windows, 3, table[i].at_ms, table[i].coupon_id);
}

static void without_an_end_it_stays_open(void **state)
{
    static const struct policy_window endless[] = {{1, 10, NEVER}, {2, 5, 8}};

    (void)state;
    expect(endless, 2, 9, 1);
    expect(endless, 2, INT64_MAX - 1, 1);
}

/* Rows that were not made by the admin API may overlap. */
static void ties_are_decided(void **state)
{
    static const struct policy_window open[] = {{7, 0, 50}, {5, 10, 40}, {4, 10, 30}};
    static const struct policy_window coming[] = {{9, 10, 20}, {8, 10, 30}};

    (void)state;
    expect(open, 3, 20, 4); /* the one that started last, then the smaller id */
    expect(open, 3, 35, 5);
    expect(open, 3, 45, 7);
    expect(coming, 2, 0, 8);
    expect(coming, 2, 99, 8);
}

static void nothing_comes_of_nothing(void **state)
{
    (void)state;
    assert_null(policy_choice(windows, 0, 15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_open_one_else_the_next_else_the_last),
        cmocka_unit_test(without_an_end_it_stays_open),
        cmocka_unit_test(ties_are_decided),
        cmocka_unit_test(nothing_comes_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
