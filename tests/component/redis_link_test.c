/* Goal: a link to Redis answers each command exactly once, also where Redis is frozen, broken off,
 * or never there; it comes back by itself, and its subscription with it. */
#include "tests/component/redis_link_world.h"

static void commands_get_their_replies_in_order(void **state)
{
    struct world world;

    (void)state;
    setup(&world, false);
    get_k(&world);
    assert_int_equal(world.nulls, 1);
    come_up(&world);
    for (int i = 0; i < 3; i++)
        get_k(&world);
    world.ask_again = true;
    hear(&world, GET_K GET_K GET_K);
    say(&world, "$1\r\na\r\n");
    UNTIL(&world, world.replies == 1);
    assert_string_equal(world.last.data, "a");
    hear(&world, GET_K);
    say(&world, "$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n");
    UNTIL(&world, world.replies == 4);
    assert_string_equal(world.last.data, "d");
    turn_for(&world, 3 * TIMEOUT_MS * 1000);
    assert_true(redis_link_up(world.link));
    assert_int_equal(world.nulls, 1);
    teardown(&world);
}

static void late_answer_ends_the_connection(void **state)
{
    struct world world;
    int64_t start_us;

    (void)state;
    setup(&world, false);
    come_up(&world);
    get_k(&world);
    hear(&world, GET_K);
    turn_for(&world, TIMEOUT_MS * 700);
    say(&world, "$1\r\na\r\n");
    UNTIL(&world, world.replies == 1);
    start_us = clock_monotonic_us();
    get_k(&world);
    get_k(&world);
    world.ask_again = true;
    UNTIL(&world, world.nulls == 3);
    assert_in_range(clock_monotonic_us() - start_us, TIMEOUT_MS * 1000, TIMEOUT_MS * 1000 + 300000);
    assert_false(redis_link_up(world.link));
    assert_int_equal(world.replies, 1);
    hang_up(&world);
    come_up(&world);
    get_k(&world);
    hear(&world, GET_K);
    say(&world, "$1\r\nb\r\n");
    UNTIL(&world, world.replies == 2);
    teardown(&world);
}

static void frozen_redis_never_comes_up(void **state)
{
    struct world world;

    (void)state;
    setup(&world, false);
    hear(&world, PING);
    turn_for(&world, 3 * TIMEOUT_MS * 1000);
    assert_int_equal(world.connected, 0);
    get_k(&world);
    assert_int_equal(world.nulls, 1);
    teardown(&world);
}

static void loading_redis_is_not_up(void **state)
{
    struct world world;

    (void)state;
    setup(&world, false);
    hear(&world, PING);
    say(&world, "-LOADING Redis is loading the dataset in memory\r\n");
    turn_for(&world, 10000);
    assert_false(redis_link_up(world.link));
    hang_up(&world);
    come_up(&world);
    teardown(&world);
}

static void refused_subscription_is_tried_again(void **state)
{
    struct world world;

    (void)state;
    setup(&world, true);
    hear(&world, SUBSCRIBE);
    say(&world, "-NOPERM this user has no permissions\r\n");
    turn_for(&world, 10000);
    assert_false(redis_link_up(world.link));
    hang_up(&world);
    hear(&world, SUBSCRIBE);
    say(&world, SUBSCRIBED);
    UNTIL(&world, redis_link_up(world.link));
    teardown(&world);
}

static void broken_connection_answers_all_and_comes_back(void **state)
{
    struct world world;

    (void)state;
    setup(&world, false);
    for (int round = 1; round <= 3; round++) {
        come_up(&world);
        get_k(&world);
        get_k(&world);
        world.ask_again = true;
        hear(&world, GET_K GET_K);
        hang_up(&world);
        UNTIL(&world, !redis_link_up(world.link));
        assert_int_equal(world.nulls, 3 * round);
    }
    teardown(&world);
}

static void refused_connection_is_tried_again(void **state)
{
    struct world world;

    (void)state;
    setup(&world, false);
    come_up(&world);
    close(world.listen_fd);
    world.listen_fd = -1;
    hang_up(&world);
    turn_for(&world, 500000);
    assert_false(redis_link_up(world.link));
    world_listen(&world);
    come_up(&world);
    teardown(&world);
}

static void freeing_answers_what_is_open(void **state)
{
    struct world world;

    (void)state;
    setup(&world, false);
    come_up(&world);
    get_k(&world);
    redis_link_command(world.link, NULL, NULL, 2, (const char *const[]){"GET", "k"},
                       (const size_t[]){3, 1});
    get_k(&world);
    world.ask_again = true;
    teardown(&world);
    assert_int_equal(world.nulls, 3);
}

static void subscription_returns_after_reconnect(void **state)
{
    struct world world;

    (void)state;
    setup(&world, true);
    for (int round = 1; round <= 3; round++) {
        hear(&world, SUBSCRIBE);
        assert_false(redis_link_up(world.link));
        say(&world, SUBSCRIBED);
        UNTIL(&world, redis_link_up(world.link));
        assert_int_equal(world.connected, round);
        turn_for(&world, 2 * TIMEOUT_MS * 1000);
        assert_true(redis_link_up(world.link));
        say(&world, "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhe\r\no\r\n"
                    "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$0\r\n\r\n");
        UNTIL(&world, world.messages.len == (size_t)round * 7);
        hang_up(&world);
        UNTIL(&world, !redis_link_up(world.link));
    }
    assert_string_equal(world.messages.data, "he\r\no||he\r\no||he\r\no||");
    teardown(&world);
}

static void subscription_not_confirmed_is_tried_again(void **state)
{
    struct world world;

    (void)state;
    setup(&world, true);
    hear(&world, SUBSCRIBE);
    turn_for(&world, 2 * TIMEOUT_MS * 1000);
    hang_up(&world);
    UNTIL(&world, world.fd >= 0);
    hear(&world, SUBSCRIBE);
    say(&world, SUBSCRIBED);
    UNTIL(&world, redis_link_up(world.link));
    teardown(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_get_their_replies_in_order),
        cmocka_unit_test(late_answer_ends_the_connection),
        cmocka_unit_test(frozen_redis_never_comes_up),
        cmocka_unit_test(loading_redis_is_not_up),
        cmocka_unit_test(refused_subscription_is_tried_again),
        cmocka_unit_test(broken_connection_answers_all_and_comes_back),
        cmocka_unit_test(refused_connection_is_tried_again),
        cmocka_unit_test(freeing_answers_what_is_open),
        cmocka_unit_test(subscription_returns_after_reconnect),
        cmocka_unit_test(subscription_not_confirmed_is_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
