/* Goal: a link to Redis answers each command exactly once, also where Redis is frozen, broken off,
 * or never there; it comes back by itself, and its subscription with it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "api-gateway/redis_link.h"
#include "common/base/clock.h"
#include "common/base/strbuf.h"

#define TIMEOUT_MS 200
#define PATIENCE_US (10 * 1000 * 1000)

#define PING "*1\r\n$4\r\nPING\r\n"
#define GET_K "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
#define SUBSCRIBE "*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n"
#define SUBSCRIBED "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"

/* A link and a Redis that says what the test says. */
struct world {
    struct event_base *base;
    struct redis_options options;
    struct redis_link *link;
    int listen_fd;
    int fd; /* the connection; -1: none */
    struct strbuf heard;
    int connected;
    int replies;
    int nulls;
    bool ask_again; /* send another command from within a reply */
    struct strbuf last;
    struct strbuf messages;
};

static void on_connected(void *cookie)
{
    ((struct world *)cookie)->connected++;
}

static void on_message(void *cookie, const char *text, size_t len)
{
    struct world *world = cookie;

    strbuf_add(&world->messages, text, len);
    strbuf_add(&world->messages, "|", 1);
}

static void get_k(struct world *world);

static void on_reply(void *cookie, const redisReply *reply)
{
    struct world *world = cookie;

    if (!reply) {
        world->nulls++;
    } else {
        world->replies++;
        strbuf_clear(&world->last);
        strbuf_add(&world->last, reply->str, (size_t)reply->len);
    }
    if (world->ask_again) {
        world->ask_again = false;
        get_k(world);
    }
}

static void get_k(struct world *world)
{
    static const char *const parts[] = {"GET", "k"};
    static const size_t lengths[] = {3, 1};

    redis_link_command(world->link, on_reply, world, 2, parts, lengths);
}

static void world_listen(struct world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int on = 1;

    address.sin_port = htons((uint16_t)world->options.port);
    world->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(world->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(world->listen_fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(world->listen_fd, 16), 0);
    assert_int_equal(getsockname(world->listen_fd, (struct sockaddr *)&address, &len), 0);
    world->options.port = ntohs(address.sin_port);
}

static void setup(struct world *world, bool subscriber)
{
    signal(SIGPIPE, SIG_IGN);
    *world = (struct world){
        .base = event_base_new(),
        .options = {.host = "127.0.0.1", .timeout_ms = TIMEOUT_MS},
        .fd = -1,
    };
    world_listen(world);
    world->link = redis_link_new(world->base, &world->options, on_connected, world);
    if (subscriber)
        redis_link_subscribe(world->link, "news", on_message, world);
}

static void hang_up(struct world *world)
{
    close(world->fd);
    world->fd = -1;
    strbuf_clear(&world->heard);
}

static void teardown(struct world *world)
{
    redis_link_free(world->link);
    event_base_free(world->base);
    if (world->fd >= 0)
        close(world->fd);
    if (world->listen_fd >= 0)
        close(world->listen_fd);
    strbuf_free(&world->heard);
    strbuf_free(&world->last);
    strbuf_free(&world->messages);
}

static void world_turn(struct world *world)
{
    char bytes[4096];
    ssize_t got;

    event_base_loop(world->base, EVLOOP_NONBLOCK);
    if (world->fd < 0 && world->listen_fd >= 0)
        world->fd = accept4(world->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    while (world->fd >= 0 && (got = read(world->fd, bytes, sizeof bytes)) > 0)
        strbuf_add(&world->heard, bytes, (size_t)got);
    usleep(200);
}

#define UNTIL(world, condition)                                                                    \
    do {                                                                                           \
        int64_t until_start_us = clock_monotonic_us();                                             \
        while (!(condition)) {                                                                     \
            if (clock_monotonic_us() - until_start_us > PATIENCE_US)                               \
                fail_msg("waited in vain for: %s", #condition);                                    \
            world_turn(world);                                                                     \
        }                                                                                          \
    } while (0)

static void hear(struct world *world, const char *text)
{
    UNTIL(world, world->heard.len >= strlen(text));
    assert_string_equal(world->heard.data, text);
    strbuf_clear(&world->heard);
}

static void say(struct world *world, const char *text)
{
    assert_int_equal(write(world->fd, text, strlen(text)), strlen(text));
}

static void come_up(struct world *world)
{
    int before = world->connected;

    hear(world, PING);
    assert_false(redis_link_up(world->link));
    say(world, "+PONG\r\n");
    UNTIL(world, redis_link_up(world->link));
    assert_int_equal(world->connected, before + 1);
}

static void turn_for(struct world *world, int64_t duration_us)
{
    int64_t until_us = clock_monotonic_us() + duration_us;

    while (clock_monotonic_us() < until_us)
        world_turn(world);
}

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
