/* Goal: a link leaves a Redis that can't serve or gives no sign of life, asks one that comes and
 * goes ever more seldom, has a limit on what is under way, and follows the Sentinels to the
 * primary. */
#include "tests/component/redis_link_world.h"

#define ROLE "*1\r\n$4\r\nROLE\r\n"
#define MASTER "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define REPLICA "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"
#define WHERE "*3\r\n$8\r\nSENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$4\r\nshop\r\n"

static void a_server_that_says_it_cannot_serve_is_left(void **state)
{
    struct world world;

    (void)state;
    setup(&world, false);
    come_up(&world);
    get_k(&world);
    get_k(&world);
    world.ask_again = true; /* within the reply: not to that server any more */
    hear(&world, GET_K GET_K);
    say(&world, "-READONLY You can't write against a read only replica.\r\n");
    UNTIL(&world, world.replies + world.nulls == 3);
    assert_int_equal(world.replies, 1);
    assert_false(redis_link_up(world.link));
    hang_up(&world);
    come_up(&world);
    get_k(&world);
    hear(&world, GET_K);
    say(&world, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    UNTIL(&world, world.replies == 2);
    assert_true(redis_link_up(world.link));
    teardown(&world);
}

static void a_silent_server_is_asked_and_left(void **state)
{
    struct world world;

    (void)state;
    for (int subscriber = 0; subscriber < 2; subscriber++) {
        const char *beat = subscriber ? SUBSCRIBE : PING;

        setup(&world, subscriber);
        hear(&world, beat);
        say(&world, subscriber ? SUBSCRIBED : "+PONG\r\n");
        UNTIL(&world, redis_link_up(world.link));
        hear(&world, beat); /* nobody has sent anything */
        say(&world, subscriber ? SUBSCRIBED : "+PONG\r\n");
        hear(&world, beat);
        assert_true(redis_link_up(world.link));
        UNTIL(&world, !redis_link_up(world.link)); /* that one was not answered */
        assert_int_equal(world.connected, 1);
        hang_up(&world);
        hear(&world, beat);
        teardown(&world);
    }
}

/* It answers PING in time and nothing else: not every question may cost a time-out. */
static void a_server_that_is_up_for_moments_is_asked_seldom(void **state)
{
    struct world world;
    int64_t pauses_us[6];

    (void)state;
    setup(&world, false);
    for (int i = 0; i < 6; i++) {
        int64_t lost_us;

        come_up(&world);
        get_k(&world);
        hear(&world, GET_K);
        UNTIL(&world, !redis_link_up(world.link));
        lost_us = clock_monotonic_us();
        hang_up(&world);
        hear(&world, PING);
        pauses_us[i] = clock_monotonic_us() - lost_us;
        hang_up(&world);
    }
    assert_true(pauses_us[5] >= 800000);
    teardown(&world);
}

static void what_is_under_way_has_a_limit(void **state)
{
    struct world world;

    (void)state;
    setup(&world, false);
    come_up(&world);
    for (int i = 0; i < 8192; i++)
        get_k(&world);
    assert_int_equal(world.nulls, 0);
    get_k(&world);
    assert_int_equal(world.nulls, 1);
    UNTIL(&world, world.nulls == 8193); /* none was answered in time */
    teardown(&world);
}

/* One port is both the Sentinel and the server that it names. */
static void setup_sentinel(struct world *world, char list[32], char named[64])
{
    setup(world, false);
    redis_link_free(world->link);
    snprintf(list, 32, "127.0.0.1:%d", (int)world->options.port);
    snprintf(named, 64, "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n%05d\r\n", (int)world->options.port);
    world->options.sentinels = list;
    world->options.primary_name = "shop";
    world->fd = -1;
    close(world->listen_fd);
    world_listen(world);
    world->link = redis_link_new(world->base, &world->options, on_connected, world);
}

static void the_sentinels_are_asked_until_the_primary_is_found(void **state)
{
    char list[32], named[64];
    struct world world;

    (void)state;
    setup_sentinel(&world, list, named);
    hear(&world, WHERE);
    say(&world, "*-1\r\n"); /* it does not know the name */
    hang_up(&world);
    hear(&world, WHERE);
    say(&world, "*2\r\n$12\r\nredis.local.\r\n$4\r\n6379\r\n"); /* a name can't be looked up here */
    hang_up(&world);
    hear(&world, WHERE);
    say(&world, named);
    hang_up(&world);
    hear(&world, ROLE);
    say(&world, REPLICA); /* it was the primary */
    hang_up(&world);
    hear(&world, WHERE);
    say(&world, named);
    hang_up(&world);
    hear(&world, ROLE);
    assert_int_equal(world.connected, 0);
    say(&world, MASTER);
    UNTIL(&world, redis_link_up(world.link));
    hear(&world, ROLE); /* a second later */
    say(&world, REPLICA);
    UNTIL(&world, !redis_link_up(world.link));
    hang_up(&world);
    hear(&world, WHERE);
    teardown(&world);
}

static void a_password_is_said_first(void **state)
{
    struct world world;

    (void)state;
    setup(&world, false);
    redis_link_free(world.link);
    world.options.username = "gate";
    world.options.password = "secret";
    close(world.listen_fd);
    world_listen(&world);
    world.link = redis_link_new(world.base, &world.options, on_connected, &world);
    hear(&world, "*3\r\n$4\r\nAUTH\r\n$4\r\ngate\r\n$6\r\nsecret\r\n");
    say(&world, "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    hang_up(&world);
    hear(&world, "*3\r\n$4\r\nAUTH\r\n$4\r\ngate\r\n$6\r\nsecret\r\n");
    say(&world, "+OK\r\n");
    come_up(&world);
    teardown(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_says_it_cannot_serve_is_left),
        cmocka_unit_test(a_silent_server_is_asked_and_left),
        cmocka_unit_test(a_server_that_is_up_for_moments_is_asked_seldom),
        cmocka_unit_test(what_is_under_way_has_a_limit),
        cmocka_unit_test(the_sentinels_are_asked_until_the_primary_is_found),
        cmocka_unit_test(a_password_is_said_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
