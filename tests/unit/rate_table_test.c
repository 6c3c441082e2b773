/* A bucket gives its burst at once and its rate for ever, to the nanosecond; in a table that is too
 * small nobody gets more than alone. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "api-gateway/limit/rate_table.h"
#include "tests/unit/random.h"

#define SECOND INT64_C(1000000000)

static void a_bucket_gives_its_burst_and_then_its_rate(void **state)
{
    const struct rate_policy policy = rate_policy_of(60, 3); /* one a second */
    static const struct {
        int64_t at_ns;
        struct rate_answer answer;
    } rows[] = {
        {10 * SECOND, {true, 2, 1, 0}},
        {10 * SECOND, {true, 1, 2, 0}},
        {10 * SECOND, {true, 0, 3, 1}},
        {10 * SECOND, {false, 0, 3, 1}},
        {11 * SECOND - 1, {false, 0, 3, 1}},
        {11 * SECOND, {true, 0, 3, 1}},
        {11 * SECOND, {false, 0, 3, 1}},
        {13 * SECOND, {true, 1, 2, 0}},
        {13 * SECOND + SECOND / 2, {true, 0, 3, 1}},
        {13 * SECOND + SECOND / 2, {false, 0, 3, 1}},
        {1000 * SECOND, {true, 2, 1, 0}},
    };
    int64_t full_at_ns = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rate_answer seen = rate_bucket_take(&full_at_ns, &policy, rows[i].at_ns);
        const struct rate_answer *want = &rows[i].answer;

        if (seen.allowed != want->allowed || seen.remaining != want->remaining ||
            seen.full_s != want->full_s || seen.retry_s != want->retry_s)
            fail_msg("row %zu: saw %d, %" PRId64 " left, full in %" PRId64 ", retry in %" PRId64, i,
                     seen.allowed, seen.remaining, seen.full_s, seen.retry_s);
    }
}

static void the_largest_settings_do_not_overflow(void **state)
{
    const struct rate_policy slow = rate_policy_of(1, 1000000), fast = rate_policy_of(1000000, 1);
    const int64_t century_ns = INT64_C(3155760000) * SECOND;
    int64_t full_at_ns = 0;

    (void)state;
    for (int i = 0; i < 1000000; i++)
        assert_true(rate_bucket_take(&full_at_ns, &slow, century_ns).allowed);
    assert_false(rate_bucket_take(&full_at_ns, &slow, century_ns).allowed);
    assert_int_equal(rate_bucket_take(&full_at_ns, &slow, century_ns).full_s, 60000000);
    full_at_ns = 0;
    assert_true(rate_bucket_take(&full_at_ns, &fast, century_ns).allowed);
    assert_false(rate_bucket_take(&full_at_ns, &fast, century_ns + 59999).allowed);
    assert_true(rate_bucket_take(&full_at_ns, &fast, century_ns + 60000).allowed);
}

/* Counted over any stretch of time, no bucket gives more than burst + rate × time. */
static void no_stretch_of_time_gives_more(void **state)
{
    enum { EVENTS = 3000 };
    static int64_t times[EVENTS];
    const struct rate_policy policy = rate_policy_of(120, 5);
    uint64_t random = 7;
    int64_t full_at_ns = 0, now_ns = 0;
    size_t count = 0;

    (void)state;
    for (int i = 0; i < EVENTS; i++) {
        now_ns += (int64_t)random_between(&random, 0, 2 * (uint64_t)SECOND);
        if (rate_bucket_take(&full_at_ns, &policy, now_ns).allowed)
            times[count++] = now_ns;
    }
    assert_true(count > 100);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i; j < count && j < i + 50; j++)
            if ((int64_t)(j - i + 1) > policy.burst + (times[j] - times[i]) / policy.interval_ns)
                fail_msg("%zu in %" PRId64 " ns", j - i + 1, times[j] - times[i]);
}

/* Random keys in a table of far too few places, beside a bucket of its own for each: whenever the
 * table gives a token, the bucket of its own has one. With few keys the two are the same. */
static void a_small_table_never_gives_more(void **state)
{
    enum { KEYS = 400 };
    static int64_t own[KEYS];
    static const size_t sizes[] = {8, 64, 100000};
    uint64_t random = 99;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct rate_policy policy = rate_policy_of(600, 4);
        struct rate_table *table = rate_table_new(&policy, sizes[i]);
        int64_t now_ns = SECOND;
        size_t given = 0, withheld = 0;

        memset(own, 0, sizeof own);
        for (int event = 0; event < 200000; event++) {
            uint32_t key = (uint32_t)random_between(&random, 0, KEYS - 1);
            int64_t mine = own[key];
            struct rate_answer seen, alone;

            now_ns += (int64_t)random_between(&random, 0, 10000000);
            alone = rate_bucket_take(&mine, &policy, now_ns);
            seen = rate_table_take(table, &key, sizeof key, now_ns);
            if (seen.allowed && !alone.allowed)
                fail_msg("%zu places, event %d: key %" PRIu32 " got one too many", sizes[i], event,
                         key);
            if (seen.allowed)
                own[key] = mine;
            given += seen.allowed;
            withheld += alone.allowed && !seen.allowed;
        }
        assert_true(given > 1000);
        assert_int_equal(rate_table_taken_over(table) > 0, sizes[i] < KEYS);
        if (sizes[i] > KEYS)
            assert_int_equal(withheld, 0);
        rate_table_free(table);
    }
}

/* A million addresses, once each, are no way to a fresh bucket. */
static void a_flood_empties_nobodys_debt(void **state)
{
    const struct rate_policy policy = rate_policy_of(1, 10);
    struct rate_table *table = rate_table_new(&policy, 1024);
    const uint64_t attacker = UINT64_MAX;

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(rate_table_take(table, &attacker, sizeof attacker, SECOND).allowed);
    for (uint64_t key = 0; key < 1000000; key++)
        rate_table_take(table, &key, sizeof key, SECOND);
    assert_false(rate_table_take(table, &attacker, sizeof attacker, SECOND).allowed);
    /* The flood took what 1024 buckets hold, and not a token more. */
    assert_true(rate_table_taken_over(table) > 0 && rate_table_taken_over(table) <= 1024 * 10);
    assert_true(rate_table_take(table, &attacker, sizeof attacker, 1000 * SECOND).allowed);
    rate_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_gives_its_burst_and_then_its_rate),
        cmocka_unit_test(the_largest_settings_do_not_overflow),
        cmocka_unit_test(no_stretch_of_time_gives_more),
        cmocka_unit_test(a_small_table_never_gives_more),
        cmocka_unit_test(a_flood_empties_nobodys_debt),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
