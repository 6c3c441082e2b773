/* A result is looked for in Redis and then in MySQL; equal questions go out once, nobody gets an
 * answer that is older than the question, and whatever is down, everybody is told in time. */
#include "tests/unit/result_lookup_world.h"

#define ISSUED "{\"requestId\":\"a\",\"status\":\"ISSUED\"}"
#define FAILED "{\"requestId\":\"a\",\"status\":\"FAILED\"}"

static void equal_questions_are_asked_once(void **state)
{
    struct world *world = *state;
    struct asker askers[5], other;

    put(in_redis, "a", "ISSUED", ISSUED);
    for (int i = 0; i < 5; i++)
        ask(world, "a", &askers[i]);
    ask(world, "b", &other);
    expect_asked(0, 0); /* with the turn of the loop */
    turn(world);
    expect_asked(1, 0);
    assert_int_equal(mgets[0].count, 2);
    redis_fake_answer(REDIS_ANSWERS);
    for (int i = 0; i < 5; i++)
        expect_told(&askers[i], 1, RESULT_FOUND, ISSUED);
    expect_told(&other, 0, 0, NULL);
    assert_true(is_cached(world, "a"));
    turn(world);
    sql_fake_answer(SQL_OK);
    assert_null(strstr(sql_fake_text, "'a'"));
    expect_told(&other, 1, RESULT_ABSENT, NULL);
    expect_asked(1, 1);
    assert_false(is_cached(world, "b"));
}

#define UUID_A "017f22e2-7900-7cc3-98c4-dc0c0c073981"
#define UUID_B "017f22e2-79ff-7cc3-98c4-dc0c0c073982"
#define UUID_C "017f22e2-7a00-7cc3-98c4-dc0c0c073983"

static void what_shares_a_hash_is_asked_for_together(void **state)
{
    struct world *world = *state;
    struct asker a, b, c, other;

    put(in_redis, UUID_A, "ISSUED", ISSUED);
    put(in_redis, UUID_C, "ISSUED", ISSUED);
    ask(world, UUID_A, &a);
    ask(world, UUID_B, &b);
    ask(world, UUID_C, &c);
    ask(world, "REQ-1", &other);
    turn(world);
    expect_asked(3, 0);
    assert_string_equal(mgets[0].hash, "coupon:results:017f22e279");
    assert_int_equal(mgets[0].count, 2);
    assert_string_equal(mgets[1].hash, "coupon:results:017f22e27a");
    assert_int_equal(mgets[1].count, 1);
    assert_string_equal(mgets[2].hash, "");
    redis_fake_answer(REDIS_ANSWERS);
    redis_fake_answer(REDIS_ANSWERS);
    redis_fake_answer(REDIS_ANSWERS);
    expect_told(&a, 1, RESULT_FOUND, ISSUED);
    expect_told(&c, 1, RESULT_FOUND, ISSUED);
    turn(world);
    sql_fake_answer(SQL_OK);
    assert_non_null(strstr(sql_fake_text, "('" UUID_B "','REQ-1')"));
    expect_told(&b, 1, RESULT_ABSENT, NULL);
    expect_told(&other, 1, RESULT_ABSENT, NULL);
}

static void what_is_not_in_redis_is_in_mysql(void **state)
{
    struct world *world = *state;
    struct asker askers[2];

    put(in_mysql, "a", "SOLD_OUT", NULL);
    ask(world, "a", &askers[0]);
    ask(world, "b", &askers[1]);
    turn(world);
    redis_fake_answer(REDIS_ANSWERS);
    turn(world);
    expect_asked(1, 1);
    sql_fake_answer(SQL_OK);
    assert_non_null(strstr(sql_fake_text, "('a','b')"));
    expect_told(&askers[0], 1, RESULT_FOUND, "\"SOLD_OUT\"");
    expect_told(&askers[1], 1, RESULT_ABSENT, NULL);
    assert_true(is_cached(world, "a"));
}

static void redis_that_is_down_is_passed_over(void **state)
{
    struct world *world = *state;
    struct asker asker;

    put(in_mysql, "a", "CLOSED", NULL);
    redis_down = true;
    ask(world, "a", &asker);
    turn(world);
    expect_asked(0, 1);
    sql_fake_answer(SQL_OK);
    expect_told(&asker, 1, RESULT_FOUND, "\"CLOSED\"");
}

static void redis_that_fails_is_passed_over(void **state)
{
    struct world *world = *state;
    const enum redis_answer answers[] = {REDIS_IS_GONE, REDIS_REFUSES};

    put(in_redis, "a", "ISSUED", ISSUED);
    for (size_t i = 0; i < 2; i++) {
        struct asker asker;

        ask(world, "a", &asker);
        turn(world);
        redis_fake_answer(answers[i]);
        turn(world);
        expect_asked(i + 1, i + 1);
        sql_fake_answer(SQL_OK);
        expect_told(&asker, 1, RESULT_ABSENT, NULL);
    }
}

/* It may have been decided after the first question was answered. */
static void who_comes_late_gets_no_old_absence(void **state)
{
    struct world *world = *state;
    struct asker first, late;
    struct sql_job *job;

    ask(world, "a", &first);
    turn(world);
    redis_fake_answer(REDIS_ANSWERS);
    turn(world);
    job = sql_fake_run(SQL_OK); /* has read the table */
    put(in_mysql, "a", "CLOSED", NULL);
    ask(world, "a", &late);
    job->done(job);
    expect_told(&first, 1, RESULT_ABSENT, NULL);
    expect_told(&late, 0, 0, NULL);
    turn(world);
    expect_asked(2, 1);
    redis_fake_answer(REDIS_ANSWERS);
    turn(world);
    sql_fake_answer(SQL_OK);
    expect_told(&late, 1, RESULT_FOUND, "\"CLOSED\"");
    expect_told(&first, 1, RESULT_ABSENT, NULL);
}

static void who_comes_late_may_have_what_is_found(void **state)
{
    struct world *world = *state;
    struct asker first, late;

    put(in_redis, "a", "ISSUED", ISSUED);
    ask(world, "a", &first);
    turn(world);
    ask(world, "a", &late);
    turn(world);
    expect_asked(1, 0);
    redis_fake_answer(REDIS_ANSWERS);
    expect_told(&first, 1, RESULT_FOUND, ISSUED);
    expect_told(&late, 1, RESULT_FOUND, ISSUED);
    turn(world);
    expect_asked(1, 0);
}

static void failed_is_believed_to_mysql_alone(void **state)
{
    struct world *world = *state;
    struct asker asker;

    put(in_redis, "a", "DEAD_LETTERED", FAILED);
    put(in_mysql, "a", "ISSUED", NULL); /* replayed since, and the write to Redis was lost */
    ask(world, "a", &asker);
    turn(world);
    redis_fake_answer(REDIS_ANSWERS);
    turn(world);
    expect_asked(1, 1);
    expect_told(&asker, 0, 0, NULL);
    sql_fake_answer(SQL_OK);
    expect_told(&asker, 1, RESULT_FOUND, "\"ISSUED\"");
}

static void failed_is_not_kept(void **state)
{
    struct world *world = *state;
    struct asker asker;

    put(in_redis, "a", "DEAD_LETTERED", FAILED);
    put(in_mysql, "a", "DEAD_LETTERED", NULL);
    for (int i = 0; i < 2; i++) {
        ask(world, "a", &asker);
        turn(world);
        redis_fake_answer(REDIS_ANSWERS);
        turn(world);
        sql_fake_answer(i ? SQL_OUTAGE : SQL_OK);
        expect_told(&asker, 1, i ? RESULT_UNAVAILABLE : RESULT_FOUND, i ? "" : "\"FAILED\"");
        assert_false(is_cached(world, "a"));
    }
}

static void without_mysql_it_is_unavailable(void **state)
{
    struct world *world = *state;
    struct asker asker;

    redis_down = true;
    ask(world, "a", &asker);
    turn(world);
    sql_fake_answer(SQL_OUTAGE);
    expect_told(&asker, 1, RESULT_UNAVAILABLE, NULL);
    sql_fake_full = true; /* takes no question */
    ask(world, "a", &asker);
    expect_told(&asker, 0, 0, NULL);
    turn(world);
    expect_told(&asker, 1, RESULT_UNAVAILABLE, NULL);
}

/* A query that hangs; its answer, when it comes at last, is nobody's. */
static void whoever_asks_is_told_in_two_seconds(void **state)
{
    struct world *world = *state;
    struct asker asker, late, next;

    redis_down = true;
    ask(world, "a", &asker);
    turn(world);
    ask(world, "a", &late);
    clock_fake_us += 1700000;
    loop_run_ms(world->base, 120);
    expect_told(&asker, 0, 0, NULL);
    clock_fake_us += 300000;
    loop_run_ms(world->base, 120);
    expect_told(&asker, 1, RESULT_UNAVAILABLE, NULL);
    expect_told(&late, 1, RESULT_UNAVAILABLE, NULL);
    ask(world, "a", &next); /* waits behind the query that hangs */
    turn(world);
    expect_asked(0, 1);
    sql_fake_answer(SQL_OK);
    expect_told(&next, 0, 0, NULL);
    turn(world);
    put(in_mysql, "a", "CLOSED", NULL);
    sql_fake_answer(SQL_OK);
    expect_told(&next, 1, RESULT_FOUND, "\"CLOSED\"");
    expect_told(&asker, 1, RESULT_UNAVAILABLE, NULL);
}

static void redis_that_hangs_is_told_in_two_seconds(void **state)
{
    struct world *world = *state;
    struct asker asker;

    ask(world, "a", &asker);
    turn(world);
    clock_fake_us += 2000000;
    loop_run_ms(world->base, 120);
    expect_told(&asker, 1, RESULT_UNAVAILABLE, NULL);
    redis_fake_answer(REDIS_IS_GONE);
    turn(world);
    expect_asked(1, 0);
}

static void who_leaves_is_not_told(void **state)
{
    struct world *world = *state;
    struct asker askers[4];

    put(in_redis, "a", "ISSUED", ISSUED);
    ask(world, "a", &askers[0]);
    ask(world, "a", &askers[1]);
    result_lookup_leave(&askers[1].wait);
    result_lookup_leave(&askers[1].wait);
    turn(world);
    ask(world, "a", &askers[2]);
    ask(world, "a", &askers[3]);
    result_lookup_leave(&askers[3].wait);
    redis_fake_answer(REDIS_ANSWERS);
    expect_told(&askers[0], 1, RESULT_FOUND, ISSUED);
    expect_told(&askers[1], 0, 0, NULL);
    expect_told(&askers[2], 1, RESULT_FOUND, ISSUED);
    expect_told(&askers[3], 0, 0, NULL);
    result_lookup_leave(&askers[0].wait);
}

/* The first to be told takes the next with it, as a client that goes takes its other polls. */
static struct asker *taken_along;

static void takes_along(struct result_wait *wait, enum result_answer answer, const char *json,
                        size_t len)
{
    answered(wait, answer, json, len);
    result_lookup_leave(&taken_along->wait);
}

static void who_is_told_may_make_others_leave(void **state)
{
    struct world *world = *state;
    struct asker askers[3];

    put(in_redis, "a", "ISSUED", ISSUED);
    for (int i = 0; i < 3; i++)
        ask(world, "a", &askers[i]);
    askers[0].wait.answered = takes_along;
    taken_along = &askers[2];
    turn(world);
    redis_fake_answer(REDIS_ANSWERS);
    expect_told(&askers[0], 1, RESULT_FOUND, ISSUED);
    expect_told(&askers[1], 1, RESULT_FOUND, ISSUED);
    expect_told(&askers[2], 0, 0, NULL);
}

static void many_questions_go_out_in_parts(void **state)
{
    static struct asker askers[600];
    struct world *world = *state;
    size_t in_redis_count = 0;

    for (int i = 0; i < 600; i++) {
        char id[16];

        snprintf(id, sizeof id, "r%d", i);
        ask(world, id, &askers[i]);
    }
    turn(world);
    expect_asked(5, 0);
    while (mget_count) {
        in_redis_count += mgets[0].count;
        redis_fake_answer(REDIS_ANSWERS);
    }
    assert_int_equal(in_redis_count, 600);
    for (size_t query = 1; query <= 2; query++) {
        turn(world);
        expect_asked(5, query); /* one at a time */
        sql_fake_answer(SQL_OK);
    }
    for (int i = 0; i < 600; i++)
        expect_told(&askers[i], 1, RESULT_ABSENT, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(equal_questions_are_asked_once),
        TEST(what_shares_a_hash_is_asked_for_together),
        TEST(what_is_not_in_redis_is_in_mysql),
        TEST(redis_that_is_down_is_passed_over),
        TEST(redis_that_fails_is_passed_over),
        TEST(who_comes_late_gets_no_old_absence),
        TEST(who_comes_late_may_have_what_is_found),
        TEST(failed_is_believed_to_mysql_alone),
        TEST(failed_is_not_kept),
        TEST(without_mysql_it_is_unavailable),
        TEST(whoever_asks_is_told_in_two_seconds),
        TEST(redis_that_hangs_is_told_in_two_seconds),
        TEST(who_leaves_is_not_told),
        TEST(who_is_told_may_make_others_leave),
        TEST(many_questions_go_out_in_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
