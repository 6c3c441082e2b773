/* The keys of the statistics in Redis, which events count as what, and reading both back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract/coupon_statistics.h"

#define T0 INT64_C(1645875102123) /* 2022-02-26T11:31:42.123Z: hour 457187, minute 27431251 */

static void keys_share_a_hash_tag(void **state)
{
    struct strbuf out = STRBUF_INIT;

    (void)state;
    coupon_statistics_total_key(INT64_MAX, &out);
    strbuf_add(&out, " ", 1);
    coupon_statistics_hour_key(1, T0, &out);
    strbuf_add(&out, " ", 1);
    coupon_statistics_seen_key(1, 65535, &out);
    strbuf_add(&out, " ", 1);
    coupon_statistics_seen_key(1, 65536, &out);
    assert_string_equal(out.data, "{coupon-statistics}:total:9223372036854775807 "
                                  "{coupon-statistics}:hour:1:457187 "
                                  "{coupon-statistics}:seen:1:0 {coupon-statistics}:seen:1:1");
    strbuf_free(&out);
}

static void a_use_that_is_cancelled_too_late_counts_twice(void **state)
{
    struct coupon_event event = {.type = COUPON_EVENT_USE_CANCELLED, .expired = true};
    enum coupon_count counts[2];

    (void)state;
    assert_int_equal(coupon_statistics_counts_of(&event, counts), 2);
    assert_int_equal(counts[0], COUPON_COUNT_USE_CANCELLED);
    assert_int_equal(counts[1], COUPON_COUNT_EXPIRED);
    event.expired = false;
    assert_int_equal(coupon_statistics_counts_of(&event, counts), 1);
    event.type = COUPON_EVENT_SOLD_OUT;
    assert_int_equal(coupon_statistics_counts_of(&event, counts), 0);
    event.type = COUPON_EVENT_REVOKED;
    assert_int_equal(coupon_statistics_counts_of(&event, counts), 1);
    assert_int_equal(counts[0], COUPON_COUNT_REVOKED);
}

static bool total(const char *field, const char *value, struct coupon_statistics *statistics)
{
    return coupon_statistics_read_total(field, strlen(field), value, strlen(value), statistics);
}

static void a_total_is_read_field_by_field(void **state)
{
    struct coupon_statistics statistics = {0};

    (void)state;
    assert_true(total("issued", "9223372036854775807", &statistics));
    assert_true(total("use-cancelled", "3", &statistics));
    assert_true(total("sold-out-at", "1645875102123", &statistics));
    assert_true(total("sold-out-stock", "4294967295", &statistics));
    assert_false(total("issued", "9223372036854775808", &statistics));
    assert_false(total("issued", "", &statistics));
    assert_false(total("issued", "-1", &statistics));
    assert_false(total("sold-out-stock", "4294967296", &statistics));
    assert_false(total("gifted", "1", &statistics));
    assert_true(statistics.counts[COUPON_COUNT_ISSUED] == INT64_MAX);
    assert_true(statistics.counts[COUPON_COUNT_USE_CANCELLED] == 3);
    assert_true(statistics.sold_out_at_ms == T0);
    assert_true(statistics.sold_out_stock == UINT32_MAX);
}

static bool minute(const char *field, const char *value, int64_t *minute_ms,
                   enum coupon_count *count, uint64_t *number)
{
    return coupon_statistics_read_minute(field, strlen(field), value, strlen(value), minute_ms,
                                         count, number);
}

static void a_minute_is_read_from_its_field(void **state)
{
    static const char *const wrong[] = {"",
                                        ":issued",
                                        "27431251:",
                                        "27431251",
                                        "x:issued",
                                        "27431251:gifted",
                                        "9223372036854775807:issued"};
    int64_t minute_ms = 0;
    enum coupon_count count;
    uint64_t number = 0;

    (void)state;
    assert_true(minute("27431251:expired", "12", &minute_ms, &count, &number));
    assert_true(minute_ms == T0 - T0 % COUPON_STATISTICS_MINUTE_MS);
    assert_int_equal(count, COUPON_COUNT_EXPIRED);
    assert_int_equal(number, 12);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(minute(wrong[i], "1", &minute_ms, &count, &number));
    assert_false(minute("27431251:issued", "1.5", &minute_ms, &count, &number));
}

static void counts_have_names(void **state)
{
    static const char *const names[] = {"issued", "used", "use-cancelled", "expired", "revoked"};

    (void)state;
    for (int i = 0; i < COUPON_COUNTS; i++)
        assert_string_equal(coupon_count_name((enum coupon_count)i), names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_share_a_hash_tag),
        cmocka_unit_test(a_use_that_is_cancelled_too_late_counts_twice),
        cmocka_unit_test(a_total_is_read_field_by_field),
        cmocka_unit_test(a_minute_is_read_from_its_field),
        cmocka_unit_test(counts_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
