/* Who may use, give back and revoke a coupon, and when: every combination of what it can depend on.
 */
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/coupon/user_coupon_step.h"

#define NOW INT64_C(1000000)
#define OWNER 16
#define AMOUNT 50000

#define STEP_CHANGE USER_COUPON_STEP_CHANGE
#define STEP_NONE USER_COUPON_STEP_NONE

static const struct coupon terms = {.discount_type = COUPON_FIXED,
                                    .discount_value = 5000,
                                    .min_order_amount = 10000,
                                    .max_discount_amount = -1};

static struct user_coupon held_as(enum user_coupon_status status, int64_t expires_at_ms)
{
    return (struct user_coupon){.coupon_id = 1,
                                .issue_no = 7,
                                .user_id = OWNER,
                                .status = status,
                                .expires_at_ms = expires_at_ms};
}

static struct user_coupon_wish wish_of(uint64_t user_id, int64_t amount)
{
    return (struct user_coupon_wish){.coupon_id = 1,
                                     .issue_no = 7,
                                     .user_id = user_id,
                                     .order_id = "O-1",
                                     .order_amount = amount};
}

static const struct coupon_order no_order = {COUPON_ORDER_NONE, 0, 0, 0, 0};
static const struct coupon_order used_here = {COUPON_ORDER_USED, 1, 7, AMOUNT, 5000};
static const struct coupon_order used_other_no = {COUPON_ORDER_USED, 1, 8, AMOUNT, 5000};
static const struct coupon_order used_other_coupon = {COUPON_ORDER_USED, 2, 7, AMOUNT, 5000};
static const struct coupon_order back_here = {COUPON_ORDER_CANCELLED, 1, 7, AMOUNT, 5000};
static const struct coupon_order back_elsewhere = {COUPON_ORDER_CANCELLED, 2, 7, AMOUNT, 5000};
static const struct coupon_order closed_here = {COUPON_ORDER_CLOSED, 1, 7, AMOUNT, 5000};
static const struct coupon_order closed_bare = {COUPON_ORDER_CLOSED, 0, 0, 0, 0};

static void an_end_is_not_part_of_the_time_before_it(void **state)
{
    static const struct {
        enum user_coupon_status status;
        int64_t expires_at_ms;
        enum user_coupon_status at_now;
    } table[] = {
        {USER_COUPON_ISSUED, NOW + 1, USER_COUPON_ISSUED},
        {USER_COUPON_ISSUED, NOW, USER_COUPON_EXPIRED},
        {USER_COUPON_ISSUED, NOW - 1, USER_COUPON_EXPIRED},
        {USER_COUPON_ISSUED, COUPON_NEVER_MS, USER_COUPON_ISSUED},
        {USER_COUPON_USED, NOW - 1, USER_COUPON_USED},
        {USER_COUPON_EXPIRED, NOW - 1, USER_COUPON_EXPIRED},
        {USER_COUPON_EXPIRED, NOW + 1, USER_COUPON_EXPIRED},
        {USER_COUPON_REVOKED, NOW - 1, USER_COUPON_REVOKED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct user_coupon held = held_as(table[i].status, table[i].expires_at_ms);

        assert_int_equal(user_coupon_status_at(&held, NOW), table[i].at_now);
    }
}

static void a_use_goes_by_owner_order_status_and_amount(void **state)
{
    static const struct {
        enum user_coupon_status status;
        int64_t expires_at_ms;
        const struct coupon_order *order;
        uint64_t user_id;
        int64_t amount;
        enum user_coupon_step step;
    } table[] = {
        {USER_COUPON_ISSUED, NOW + 1, &no_order, OWNER, AMOUNT, STEP_CHANGE},
        {USER_COUPON_ISSUED, COUPON_NEVER_MS, &no_order, 0, AMOUNT, STEP_CHANGE},
        {USER_COUPON_ISSUED, NOW, &no_order, OWNER, AMOUNT, USER_COUPON_STEP_EXPIRED},
        {USER_COUPON_EXPIRED, NOW + 1, &no_order, OWNER, AMOUNT, USER_COUPON_STEP_EXPIRED},
        {USER_COUPON_REVOKED, NOW + 1, &no_order, OWNER, AMOUNT, USER_COUPON_STEP_REVOKED},
        {USER_COUPON_USED, NOW + 1, &no_order, OWNER, AMOUNT, USER_COUPON_STEP_ALREADY_USED},
        {USER_COUPON_ISSUED, NOW + 1, &no_order, OWNER + 1, AMOUNT, USER_COUPON_STEP_FORBIDDEN},
        {USER_COUPON_USED, NOW, &used_here, OWNER + 1, AMOUNT, USER_COUPON_STEP_FORBIDDEN},
        /* the same order again, even after the coupon's end */
        {USER_COUPON_USED, NOW + 1, &used_here, OWNER, AMOUNT, STEP_NONE},
        {USER_COUPON_USED, NOW, &used_here, 0, AMOUNT, STEP_NONE},
        {USER_COUPON_USED, NOW + 1, &used_here, OWNER, AMOUNT + 1, USER_COUPON_STEP_ORDER_MISMATCH},
        {USER_COUPON_USED, NOW + 1, &used_here, OWNER, 1, USER_COUPON_STEP_ORDER_MISMATCH},
        {USER_COUPON_ISSUED, NOW + 1, &used_other_no, OWNER, AMOUNT,
         USER_COUPON_STEP_ORDER_MISMATCH},
        {USER_COUPON_ISSUED, NOW + 1, &used_other_coupon, OWNER, AMOUNT,
         USER_COUPON_STEP_ORDER_MISMATCH},
        {USER_COUPON_EXPIRED, NOW, &used_other_no, OWNER, AMOUNT, USER_COUPON_STEP_ORDER_MISMATCH},
        /* an order that gave a coupon back may use it, or another one, with any amount */
        {USER_COUPON_ISSUED, NOW + 1, &back_here, OWNER, AMOUNT + 1, STEP_CHANGE},
        {USER_COUPON_ISSUED, NOW + 1, &back_elsewhere, OWNER, AMOUNT, STEP_CHANGE},
        {USER_COUPON_USED, NOW + 1, &back_here, OWNER, AMOUNT, USER_COUPON_STEP_ALREADY_USED},
        /* one that the shop cancelled never */
        {USER_COUPON_ISSUED, NOW + 1, &closed_here, OWNER, AMOUNT,
         USER_COUPON_STEP_ORDER_CANCELLED},
        {USER_COUPON_ISSUED, NOW + 1, &closed_bare, OWNER, AMOUNT,
         USER_COUPON_STEP_ORDER_CANCELLED},
        {USER_COUPON_ISSUED, NOW + 1, &no_order, OWNER, 10000, STEP_CHANGE},
        {USER_COUPON_ISSUED, NOW + 1, &no_order, OWNER, 9999, USER_COUPON_STEP_BELOW_MINIMUM},
        {USER_COUPON_ISSUED, NOW + 1, &no_order, OWNER, INT64_MAX, STEP_CHANGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct user_coupon held = held_as(table[i].status, table[i].expires_at_ms);
        struct user_coupon_wish wish = wish_of(table[i].user_id, table[i].amount);
        int64_t discount = -1;
        enum user_coupon_step step =
            user_coupon_use(&held, &terms, table[i].order, &wish, NOW, &discount);

        if (step != table[i].step)
            fail_msg("row %zu: step %d, not %d", i, (int)step, (int)table[i].step);
        assert_true(discount == (step == USER_COUPON_STEP_CHANGE ? 5000 : -1));
    }
}

static void a_discount_that_was_given_must_be_ours(void **state)
{
    static const struct {
        const struct coupon_order *order;
        int64_t told;
        enum user_coupon_step step;
    } table[] = {
        {&no_order, 5000, STEP_CHANGE},
        {&no_order, 4999, USER_COUPON_STEP_AMOUNT_MISMATCH},
        {&no_order, 0, USER_COUPON_STEP_AMOUNT_MISMATCH},
        {&used_here, 5000, STEP_NONE},
        {&used_here, 5001, USER_COUPON_STEP_AMOUNT_MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool used = table[i].order->state == COUPON_ORDER_USED;
        struct user_coupon held =
            held_as(used ? USER_COUPON_USED : USER_COUPON_ISSUED, COUPON_NEVER_MS);
        struct user_coupon_wish wish = wish_of(OWNER, AMOUNT);
        int64_t discount;

        wish.discount_is_told = true;
        wish.discount_told = table[i].told;
        assert_int_equal(user_coupon_use(&held, &terms, table[i].order, &wish, NOW, &discount),
                         table[i].step);
    }
}

static void a_use_is_given_back_by_its_order_alone(void **state)
{
    static const struct {
        enum user_coupon_status status;
        int64_t expires_at_ms;
        const struct coupon_order *order;
        uint64_t user_id;
        enum user_coupon_step step;
    } table[] = {
        {USER_COUPON_USED, NOW + 1, &used_here, OWNER, STEP_CHANGE},
        {USER_COUPON_USED, NOW - 1, &used_here, 0, STEP_CHANGE},
        {USER_COUPON_USED, NOW + 1, &used_here, OWNER + 1, USER_COUPON_STEP_FORBIDDEN},
        {USER_COUPON_USED, NOW + 1, &no_order, OWNER, USER_COUPON_STEP_ORDER_MISMATCH},
        {USER_COUPON_USED, NOW + 1, &used_other_no, OWNER, USER_COUPON_STEP_ORDER_MISMATCH},
        {USER_COUPON_ISSUED, NOW + 1, &used_other_coupon, OWNER, USER_COUPON_STEP_ORDER_MISMATCH},
        {USER_COUPON_ISSUED, NOW + 1, &back_here, OWNER, STEP_NONE},
        {USER_COUPON_EXPIRED, NOW, &back_here, OWNER, STEP_NONE},
        {USER_COUPON_REVOKED, NOW, &back_here, OWNER, STEP_NONE},
        {USER_COUPON_USED, NOW + 1, &back_here, OWNER, STEP_NONE},
        {USER_COUPON_ISSUED, NOW + 1, &closed_here, OWNER, STEP_NONE},
        {USER_COUPON_ISSUED, NOW + 1, &closed_bare, OWNER, USER_COUPON_STEP_NOT_USED},
        {USER_COUPON_ISSUED, NOW + 1, &back_elsewhere, OWNER, USER_COUPON_STEP_NOT_USED},
        {USER_COUPON_ISSUED, NOW + 1, &no_order, OWNER, USER_COUPON_STEP_NOT_USED},
        {USER_COUPON_ISSUED, NOW, &no_order, OWNER, USER_COUPON_STEP_NOT_USED},
        {USER_COUPON_EXPIRED, NOW, &no_order, OWNER, USER_COUPON_STEP_NOT_USED},
        {USER_COUPON_REVOKED, NOW, &no_order, OWNER, USER_COUPON_STEP_REVOKED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct user_coupon held = held_as(table[i].status, table[i].expires_at_ms);
        struct user_coupon_wish wish = wish_of(table[i].user_id, 0);
        enum user_coupon_step step = user_coupon_cancel(&held, table[i].order, &wish, NOW);

        if (step != table[i].step)
            fail_msg("row %zu: step %d, not %d", i, (int)step, (int)table[i].step);
    }
}

static void only_what_could_be_used_is_revoked(void **state)
{
    static const struct {
        enum user_coupon_status status;
        int64_t expires_at_ms;
        enum user_coupon_step step;
    } table[] = {
        {USER_COUPON_ISSUED, NOW + 1, STEP_CHANGE},
        {USER_COUPON_ISSUED, COUPON_NEVER_MS, STEP_CHANGE},
        {USER_COUPON_ISSUED, NOW, USER_COUPON_STEP_EXPIRED},
        {USER_COUPON_USED, NOW + 1, USER_COUPON_STEP_ALREADY_USED},
        {USER_COUPON_EXPIRED, NOW + 1, USER_COUPON_STEP_EXPIRED},
        {USER_COUPON_REVOKED, NOW + 1, STEP_NONE},
        {USER_COUPON_REVOKED, NOW, STEP_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct user_coupon held = held_as(table[i].status, table[i].expires_at_ms);

        assert_int_equal(user_coupon_revoke(&held, NOW), table[i].step);
    }
}

static void what_is_not_there_is_unknown(void **state)
{
    const struct user_coupon nothing = {0};
    struct user_coupon_wish wish = wish_of(OWNER, AMOUNT);
    int64_t discount;

    (void)state;
    assert_int_equal(user_coupon_use(&nothing, &terms, &no_order, &wish, NOW, &discount),
                     USER_COUPON_STEP_UNKNOWN);
    assert_int_equal(user_coupon_cancel(&nothing, &no_order, &wish, NOW), USER_COUPON_STEP_UNKNOWN);
    assert_int_equal(user_coupon_revoke(&nothing, NOW), USER_COUPON_STEP_UNKNOWN);
}

static void every_refusal_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = USER_COUPON_STEP_UNKNOWN; i <= USER_COUPON_STEP_AMOUNT_MISMATCH; i++) {
        assert_true(strlen(user_coupon_step_text((enum user_coupon_step)i)) > 0);
        for (int j = USER_COUPON_STEP_UNKNOWN; j < i; j++)
            assert_string_not_equal(user_coupon_step_name((enum user_coupon_step)i),
                                    user_coupon_step_name((enum user_coupon_step)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_is_not_part_of_the_time_before_it),
        cmocka_unit_test(a_use_goes_by_owner_order_status_and_amount),
        cmocka_unit_test(a_discount_that_was_given_must_be_ours),
        cmocka_unit_test(a_use_is_given_back_by_its_order_alone),
        cmocka_unit_test(only_what_could_be_used_is_revoked),
        cmocka_unit_test(what_is_not_there_is_unknown),
        cmocka_unit_test(every_refusal_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
