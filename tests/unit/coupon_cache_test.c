/* A gateway's near cache of coupons: asked once for what many want, at hand while MySQL is away,
 * and nobody waits long. */
#include "tests/unit/coupon_cache_world.h"

static void many_who_ask_are_one_query(void **state)
{
    struct world *world = *state;
    struct asker askers[10];
    uint32_t ignored;

    for (int i = 0; i < 10; i++)
        assert_int_equal(find(world, 1 + (uint64_t)i % 2, &askers[i], &ignored), COUPON_WAIT);
    expect_asked(0); /* with the turn of the loop */
    loop_run_ms(world->base, 5);
    expect_asked(1);
    sql_fake_answer(SQL_OK);
    assert_non_null(strstr(sql_fake_text, "IN (1,2)"));
    for (int i = 0; i < 10; i++)
        expect_told(&askers[i], 1, COUPON_KNOWN, 1001 + (uint32_t)i % 2);
    expect_find(world, 1, COUPON_KNOWN, 1001);
    loop_run_ms(world->base, 70);
    expect_asked(1);
}

static void what_is_asked_meanwhile_goes_with_the_next_query(void **state)
{
    struct world *world = *state;
    struct asker one, same, other;
    uint32_t ignored;

    find(world, 1, &one, &ignored);
    loop_run_ms(world->base, 5);
    find(world, 1, &same, &ignored);
    find(world, 2, &other, &ignored);
    loop_run_ms(world->base, 5);
    expect_asked(1);
    sql_fake_answer(SQL_OK);
    expect_told(&one, 1, COUPON_KNOWN, 1001);
    expect_told(&same, 1, COUPON_KNOWN, 1001);
    expect_told(&other, 0, 0, 0);
    loop_run_ms(world->base, 5);
    expect_asked(2);
    sql_fake_answer(SQL_OK);
    assert_non_null(strstr(sql_fake_text, "IN (2)"));
    expect_told(&other, 1, COUPON_KNOWN, 1002);
}

static void a_query_has_200_coupons_at_most(void **state)
{
    struct world *world = *state;

    load(world, 1, 450);
    for (uint64_t id = 1; id <= 450; id++)
        expect_find(world, id, COUPON_KNOWN, 1000 + (uint32_t)id);
    later(world, REFRESH_MS * 1000); /* all of them again */
    for (size_t query = 1; query <= 3; query++) {
        size_t ids = 1;

        expect_asked(query);
        sql_fake_answer(SQL_OK);
        for (const char *at = strstr(sql_fake_text, " IN ("); *at; at++)
            ids += *at == ',';
        assert_int_equal(ids, query < 3 ? 200 : 50);
        loop_run_ms(world->base, 5);
    }
    expect_asked(3);
}

static void no_such_coupon_holds_for_a_second(void **state)
{
    struct world *world = *state;

    load(world, 950, 950);
    expect_find(world, 950, COUPON_ABSENT, 0);
    later(world, SECOND - 200000);
    expect_find(world, 950, COUPON_ABSENT, 0);
    later(world, 200000);
    expect_find(world, 950, COUPON_WAIT, 0);
}

static void without_mysql_nobody_waits_long(void **state)
{
    struct world *world = *state;
    struct asker asker, late;
    uint32_t ignored;

    find(world, 1, &asker, &ignored);
    later(world, 200000);
    expect_told(&asker, 0, 0, 0);
    later(world, 100000); /* the query hangs */
    expect_told(&asker, 1, COUPON_DOUBTFUL, 0);
    find(world, 1, &late, &ignored);
    sql_fake_answer(SQL_OUTAGE);
    expect_told(&late, 1, COUPON_DOUBTFUL, 0);
    expect_find(world, 1, COUPON_DOUBTFUL, 0); /* does not ask again at once */
    loop_run_ms(world->base, 5);
    expect_asked(1);
    later(world, REFRESH_MS * 1000);
    sql_fake_answer(SQL_OK); /* asked again in the background, and it is back */
    expect_find(world, 1, COUPON_KNOWN, 1001);
    sql_fake_full = true; /* takes no question */
    find(world, 2, &asker, &ignored);
    expect_told(&asker, 0, 0, 0);
    loop_run_ms(world->base, 5);
    expect_told(&asker, 1, COUPON_DOUBTFUL, 0);
}

static void what_is_known_is_used_while_mysql_is_away(void **state)
{
    struct world *world = *state;

    load(world, 1, 1);
    for (int i = 0; i < 20; i++) {
        later(world, REFRESH_MS * 1000);
        expect_find(world, 1, COUPON_KNOWN, 1001);
        while (sql_fake_count)
            sql_fake_answer(SQL_OUTAGE);
    }
    assert_true(sql_fake_asked >= 15); /* and it goes on asking */
}

static void who_leaves_is_not_told(void **state)
{
    struct world *world = *state;
    struct asker askers[3];
    uint32_t ignored;

    for (int i = 0; i < 3; i++)
        find(world, 1, &askers[i], &ignored);
    coupon_cache_leave(&askers[1].wait);
    coupon_cache_leave(&askers[1].wait);
    loop_run_ms(world->base, 5);
    coupon_cache_leave(&askers[2].wait);
    sql_fake_answer(SQL_OK);
    expect_told(&askers[0], 1, COUPON_KNOWN, 1001);
    expect_told(&askers[1], 0, 0, 0);
    expect_told(&askers[2], 0, 0, 0);
    coupon_cache_leave(&askers[0].wait);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_who_ask_are_one_query),
        TEST(what_is_asked_meanwhile_goes_with_the_next_query),
        TEST(a_query_has_200_coupons_at_most),
        TEST(no_such_coupon_holds_for_a_second),
        TEST(without_mysql_nobody_waits_long),
        TEST(what_is_known_is_used_while_mysql_is_away),
        TEST(who_leaves_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
