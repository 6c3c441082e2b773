/* A coupon in the near cache stays as fresh as can be: read again while it is used, and at once
 * when it is sold out or changed. */
#include "tests/unit/coupon_cache_world.h"

static void coupons_in_use_are_read_again(void **state)
{
    struct world *world = *state;

    load(world, 1, 2);
    stock[1] = 5;
    later(world, REFRESH_MS * 1000);
    expect_find(world, 1, COUPON_KNOWN, 1001); /* nobody waits for a refresh */
    expect_asked(1);
    sql_fake_answer(SQL_OK);
    expect_find(world, 1, COUPON_KNOWN, 5);
    stock[1] = 0; /* deleted */
    later(world, REFRESH_MS * 1000);
    sql_fake_answer(SQL_OK);
    expect_find(world, 1, COUPON_ABSENT, 0);
}

static void coupons_nobody_asks_for_rest_and_are_dropped(void **state)
{
    struct world *world = *state;
    const struct coupon_view *view;
    struct asker asker = {.wait.ready = ready};

    load(world, 1, 1);
    later(world, 11 * SECOND);
    expect_asked(0);
    stock[1] = 5;
    expect_find(world, 1, COUPON_WAIT, 0); /* too old to be used unread */
    loop_run_ms(world->base, 5);
    sql_fake_answer(SQL_OK);
    expect_find(world, 1, COUPON_KNOWN, 5);
    coupon_cache_sold_out(world->cache, 1, 5);
    later(world, 61 * SECOND);
    load(world, 1, 1);
    assert_int_equal(coupon_cache_find(world->cache, 1, &view, &asker.wait), COUPON_KNOWN);
    assert_int_equal(admission_remaining(view), 5); /* begun anew */
    coupon_cache_changed(world->cache, 2);          /* not here: nothing to do */
    loop_run_ms(world->base, 5);
    expect_asked(0);
}

static void sold_out_takes_effect_at_once(void **state)
{
    struct world *world = *state;
    const struct coupon_view *view;
    struct asker asker = {.wait.ready = ready};

    assert_true(coupon_cache_sold_out(world->cache, 1, 9)); /* not here: nothing to do */
    load(world, 1, 1);
    assert_false(coupon_cache_sold_out(world->cache, 1, 1000)); /* there is more by now */
    assert_true(coupon_cache_sold_out(world->cache, 1, 1001));
    assert_int_equal(coupon_cache_find(world->cache, 1, &view, &asker.wait), COUPON_KNOWN);
    assert_int_equal(admission_remaining(view), 0);
    coupon_cache_sold_out(world->cache, 1, 7); /* an old word does not take back a newer one */
    later(world, REFRESH_MS * 1000);
    sql_fake_answer(SQL_OK); /* nor does the row, whose count lags behind */
    assert_int_equal(coupon_cache_find(world->cache, 1, &view, &asker.wait), COUPON_KNOWN);
    assert_int_equal(admission_remaining(view), 0);
    stock[1] = 1002; /* but stock that was added does */
    coupon_cache_changed(world->cache, 1);
    loop_run_ms(world->base, 5);
    sql_fake_answer(SQL_OK);
    assert_int_equal(coupon_cache_find(world->cache, 1, &view, &asker.wait), COUPON_KNOWN);
    assert_int_equal(admission_remaining(view), 1002);
}

static void a_change_is_waited_for(void **state)
{
    struct world *world = *state;
    struct asker askers[2];
    uint32_t ignored;

    load(world, 1, 1);
    load(world, 950, 950);
    stock[1] = 5;
    stock[950] = 6; /* made just now */
    coupon_cache_changed(world->cache, 1);
    coupon_cache_changed(world->cache, 950);
    assert_int_equal(find(world, 1, &askers[0], &ignored), COUPON_WAIT);
    assert_int_equal(find(world, 950, &askers[1], &ignored), COUPON_WAIT);
    loop_run_ms(world->base, 5);
    expect_asked(1);
    sql_fake_answer(SQL_OK);
    expect_told(&askers[0], 1, COUPON_KNOWN, 5);
    expect_told(&askers[1], 1, COUPON_KNOWN, 6);
}

static void an_answer_from_before_a_change_is_not_used(void **state)
{
    struct world *world = *state;
    struct asker asker;
    struct sql_job *job;
    uint32_t ignored;

    find(world, 1, &asker, &ignored);
    loop_run_ms(world->base, 5);
    job = sql_fake_run(SQL_OK); /* has read the row */
    stock[1] = 5;
    coupon_cache_changed(world->cache, 1);
    job->done(job);
    expect_told(&asker, 0, 0, 0);
    loop_run_ms(world->base, 5);
    expect_asked(2);
    sql_fake_answer(SQL_OK);
    expect_told(&asker, 1, COUPON_KNOWN, 5);
}

static void everything_can_be_read_again(void **state)
{
    struct world *world = *state;

    load(world, 1, 3);
    coupon_cache_changed_all(world->cache);
    loop_run_ms(world->base, 5);
    expect_asked(1);
    sql_fake_answer(SQL_OK);
    assert_non_null(strstr(sql_fake_text, "IN (1,2,3)"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(coupons_in_use_are_read_again),
        TEST(coupons_nobody_asks_for_rest_and_are_dropped),
        TEST(sold_out_takes_effect_at_once),
        TEST(a_change_is_waited_for),
        TEST(an_answer_from_before_a_change_is_not_used),
        TEST(everything_can_be_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
