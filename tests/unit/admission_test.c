/* What the gate says of a coupon it knows: by status, window and stock; on doubt, go in. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/admission.h"

#define STARTS 1000
#define ENDS 2000

static struct coupon_view view_of(enum coupon_status status, uint32_t total, uint32_t issued,
                                  uint32_t sold_out_stock)
{
    return (struct coupon_view){
        .coupon = {.coupon_id = 1,
                   .total_stock = total,
                   .issued_count = issued,
                   .issue_starts_at_ms = STARTS,
                   .issue_ends_at_ms = ENDS,
                   .status = status,
                   .closed_at_ms = COUPON_NEVER_MS},
        .sold_out_stock = sold_out_stock,
    };
}

static void status_window_and_stock_decide_in_this_order(void **state)
{
    static const struct {
        enum coupon_status status;
        int64_t now_ms;
        uint32_t issued;
        enum admission expected;
    } rows[] = {
        {COUPON_OPEN, STARTS - 1, 0, ADMISSION_NOT_STARTED},
        {COUPON_OPEN, STARTS, 0, ADMISSION_ADMIT},
        {COUPON_OPEN, ENDS - 1, 0, ADMISSION_ADMIT},
        {COUPON_OPEN, ENDS, 0, ADMISSION_ENDED},
        {COUPON_OPEN, ENDS - 1, 9, ADMISSION_ADMIT},
        {COUPON_OPEN, ENDS - 1, 10, ADMISSION_SOLD_OUT},
        {COUPON_OPEN, STARTS - 1, 10, ADMISSION_NOT_STARTED},
        {COUPON_OPEN, ENDS, 10, ADMISSION_ENDED},
        {COUPON_DRAFT, STARTS, 0, ADMISSION_NOT_STARTED},
        {COUPON_DRAFT, ENDS, 10, ADMISSION_NOT_STARTED},
        {COUPON_PAUSED, STARTS, 0, ADMISSION_PAUSED},
        {COUPON_PAUSED, ENDS, 10, ADMISSION_PAUSED},
        {COUPON_CLOSED, STARTS, 0, ADMISSION_CLOSED},
        {COUPON_CLOSED, STARTS - 1, 10, ADMISSION_CLOSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct coupon_view view = view_of(rows[i].status, 10, rows[i].issued, 0);
        enum admission seen = admission_decide(&view, rows[i].now_ms);

        if (seen != rows[i].expected)
            fail_msg("row %zu: expected %d, saw %d", i, rows[i].expected, seen);
    }
}

static void a_window_without_end_stays_open(void **state)
{
    struct coupon_view view = view_of(COUPON_OPEN, 10, 0, 0);

    (void)state;
    view.coupon.issue_ends_at_ms = COUPON_NEVER_MS;
    assert_int_equal(admission_decide(&view, INT64_MAX - 1), ADMISSION_ADMIT);
}

/* The worker's word counts for the stock it was said of; stock that was added makes it void. */
static void sold_out_is_said_of_a_stock(void **state)
{
    static const struct {
        uint32_t total, issued, sold_out_stock, remaining;
    } rows[] = {
        {10, 0, 0, 10},  {10, 3, 0, 7},
        {10, 10, 0, 0},  {10, 11, 0, 0},
        {10, 3, 10, 0},  {10, 3, 9, 7},
        {15, 10, 10, 5}, {15, 10, 15, 0},
        {10, 3, 15, 0}, /* the view is older than the word */
        {0, 0, 0, 0},    {UINT32_MAX, 0, UINT32_MAX - 1, UINT32_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct coupon_view view =
            view_of(COUPON_OPEN, rows[i].total, rows[i].issued, rows[i].sold_out_stock);
        uint32_t seen = admission_remaining(&view);
        enum admission admission = admission_decide(&view, STARTS);

        if (seen != rows[i].remaining || admission != (seen ? ADMISSION_ADMIT : ADMISSION_SOLD_OUT))
            fail_msg("%" PRIu32 " of %" PRIu32 ", sold out at %" PRIu32 ": expected %" PRIu32
                     " left, saw %" PRIu32 ", admission %d",
                     rows[i].issued, rows[i].total, rows[i].sold_out_stock, rows[i].remaining, seen,
                     admission);
    }
}

static void each_refusal_has_its_code(void **state)
{
    static const char *const codes[] = {
        [ADMISSION_SOLD_OUT] = "SOLD_OUT", [ADMISSION_NOT_STARTED] = "NOT_STARTED",
        [ADMISSION_ENDED] = "ENDED",       [ADMISSION_PAUSED] = "PAUSED",
        [ADMISSION_CLOSED] = "CLOSED",
    };

    (void)state;
    for (int i = ADMISSION_SOLD_OUT; i <= ADMISSION_CLOSED; i++) {
        const char *detail = admission_detail((enum admission)i);

        assert_string_equal(admission_code((enum admission)i), codes[i]);
        assert_int_equal(detail[strlen(detail) - 1], '.');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_window_and_stock_decide_in_this_order),
        cmocka_unit_test(a_window_without_end_stays_open),
        cmocka_unit_test(sold_out_is_said_of_a_stock),
        cmocka_unit_test(each_refusal_has_its_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
