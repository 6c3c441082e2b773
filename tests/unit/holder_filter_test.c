/* A filter of holders never takes a holder for a stranger, seldom a stranger for a holder, and
 * keeps to its memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/holder_filter.h"
#include "tests/unit/random.h"

static void holders_are_found_and_strangers_seldom(void **state)
{
    static const uint32_t stocks[] = {1, 7, 1000, 100000};

    (void)state;
    for (size_t i = 0; i < sizeof stocks / sizeof stocks[0]; i++) {
        struct holder_filters filters = {0};
        struct holder_filter *filter = holder_filters_make(&filters, 1, stocks[i]);
        uint64_t mistaken = 0;

        for (uint64_t user = 1; user <= stocks[i]; user++)
            holder_filter_add(filter, 3 * user);
        for (uint64_t user = 1; user <= stocks[i]; user++)
            assert_true(holder_filter_may_hold(filter, 3 * user));
        for (uint64_t user = 1; user <= 100000; user++)
            mistaken += holder_filter_may_hold(filter, 3 * user + 1);
        assert_in_range(mistaken, 0, 100);
        holder_filters_clear(&filters);
    }
}

static void it_remembers_what_it_covers(void **state)
{
    struct holder_filters filters = {0};
    struct holder_filter *filter = holder_filters_make(&filters, 5, 100);

    (void)state;
    assert_int_equal(holder_filter_covered(filter), 0);
    holder_filter_cover(filter, 42);
    assert_ptr_equal(holder_filters_find(&filters, 5), filter);
    assert_int_equal(holder_filter_covered(filter), 42);
    assert_int_equal(holder_filter_capacity(filter), 100);
    assert_null(holder_filters_find(&filters, 6));
    filter = holder_filters_make(&filters, 5, 200);
    assert_int_equal(holder_filter_covered(filter), 0);
    assert_int_equal(filters.count, 1);
    holder_filters_clear(&filters);
    assert_null(holder_filters_find(&filters, 5));
}

static void the_one_used_least_lately_goes(void **state)
{
    struct holder_filters filters = {0};

    (void)state;
    for (uint64_t coupon = 1; coupon <= HOLDER_FILTERS_MAX; coupon++)
        holder_filters_make(&filters, coupon, 10);
    assert_non_null(holder_filters_find(&filters, 1));
    holder_filters_make(&filters, 1000, 10);
    assert_int_equal(filters.count, HOLDER_FILTERS_MAX);
    assert_non_null(holder_filters_find(&filters, 1));
    assert_null(holder_filters_find(&filters, 2));
    holder_filters_clear(&filters);
}

static void memory_is_bounded(void **state)
{
    struct holder_filters filters = {0};
    uint64_t random = 1;

    (void)state;
    assert_null(holder_filters_make(&filters, 1, UINT32_MAX));
    assert_non_null(holder_filters_make(&filters, 1, 10000000));
    for (int round = 0; round < 2000; round++) {
        uint64_t coupon = random_between(&random, 1, 200);
        uint32_t stock = (uint32_t)random_between(&random, 1, 11000000);

        assert_non_null(holder_filters_make(&filters, coupon, stock));
        assert_in_range(filters.bytes, 1, HOLDER_FILTERS_MAX_BYTES);
        assert_in_range(filters.count, 1, HOLDER_FILTERS_MAX);
    }
    holder_filters_clear(&filters);
    assert_int_equal(filters.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holders_are_found_and_strangers_seldom),
        cmocka_unit_test(it_remembers_what_it_covers),
        cmocka_unit_test(the_one_used_least_lately_goes),
        cmocka_unit_test(memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
