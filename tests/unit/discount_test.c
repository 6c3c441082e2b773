/* What a coupon takes off: exact to the last unit, rounded down, never more than the cap or the
 * order. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/coupon/discount.h"
#include "tests/unit/random.h"

#define MAX INT64_MAX

static struct coupon coupon_of(enum coupon_discount type, int64_t value, int64_t cap)
{
    return (struct coupon){
        .discount_type = type, .discount_value = value, .max_discount_amount = cap};
}

static void discounts_are_exact(void **state)
{
    static const struct {
        enum coupon_discount type;
        int64_t value, cap, order, discount;
    } table[] = {
        {COUPON_FIXED, 5000, -1, 50000, 5000},
        {COUPON_FIXED, 5000, -1, 5000, 5000},
        {COUPON_FIXED, 5000, -1, 4999, 4999},
        {COUPON_FIXED, 5000, 3000, 50000, 3000},
        {COUPON_FIXED, 0, -1, 50000, 0},
        {COUPON_FIXED, MAX, -1, MAX, MAX},
        {COUPON_FIXED, MAX, -1, MAX - 1, MAX - 1},
        {COUPON_FIXED, 1, -1, 0, 0},
        {COUPON_PERCENT, 10, -1, 50000, 5000},
        {COUPON_PERCENT, 10, -1, 999, 99},
        {COUPON_PERCENT, 10, -1, 9, 0},
        {COUPON_PERCENT, 33, -1, 100, 33},
        {COUPON_PERCENT, 33, -1, 10, 3},
        {COUPON_PERCENT, 1, -1, 99, 0},
        {COUPON_PERCENT, 1, -1, 100, 1},
        {COUPON_PERCENT, 99, -1, 1, 0},
        {COUPON_PERCENT, 100, -1, 1, 1},
        {COUPON_PERCENT, 100, -1, MAX, MAX},
        {COUPON_PERCENT, 99, -1, MAX, INT64_C(9131138316486228048)},
        {COUPON_PERCENT, 50, -1, MAX, MAX / 2},
        {COUPON_PERCENT, 10, 3000, 50000, 3000},
        {COUPON_PERCENT, 10, 5000, 50000, 5000},
        {COUPON_PERCENT, 10, 5001, 50000, 5000},
        {COUPON_PERCENT, 10, 0, 50000, 0},
        {COUPON_PERCENT, 100, MAX, MAX, MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct coupon coupon = coupon_of(table[i].type, table[i].value, table[i].cap);
        int64_t discount = discount_of(&coupon, table[i].order);

        if (discount != table[i].discount)
            fail_msg("row %zu: %" PRId64 " off %" PRId64 ", not %" PRId64, i, discount,
                     table[i].order, table[i].discount);
    }
}

/* The same in 128 bits, where nothing overflows. */
static void amounts_of_all_sizes_agree_with_a_wider_sum(void **state)
{
    uint64_t random = 20261121;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        int64_t order = (int64_t)random_between(&random, 0, INT64_MAX);
        int64_t percent = (int64_t)random_between(&random, 1, 100);
        int64_t cap = random_u64(&random) % 2 ? -1 : (int64_t)random_between(&random, 0, INT64_MAX);
        struct coupon coupon = coupon_of(COUPON_PERCENT, percent, cap);
        __int128 expected = (__int128)order * percent / 100;

        if (cap >= 0 && expected > cap)
            expected = cap;
        if (discount_of(&coupon, order) != (int64_t)expected)
            fail_msg("%" PRId64 " %% of %" PRId64 ", at most %" PRId64 ": %" PRId64, percent, order,
                     cap, discount_of(&coupon, order));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discounts_are_exact),
        cmocka_unit_test(amounts_of_all_sizes_agree_with_a_wider_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
