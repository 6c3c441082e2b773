#ifndef REDIS_LINK_WORLD_H
#define REDIS_LINK_WORLD_H

/* A link on a loop, and a Redis that hears and says what the test wants. */
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

static inline void on_connected(void *cookie)
{
    ((struct world *)cookie)->connected++;
}

static inline void on_message(void *cookie, const char *text, size_t len)
{
    struct world *world = cookie;

    strbuf_add(&world->messages, text, len);
    strbuf_add(&world->messages, "|", 1);
}

static inline void get_k(struct world *world);

static inline void on_reply(void *cookie, const redisReply *reply)
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

static inline void get_k(struct world *world)
{
    static const char *const parts[] = {"GET", "k"};
    static const size_t lengths[] = {3, 1};

    redis_link_command(world->link, on_reply, world, 2, parts, lengths);
}

static inline void world_listen(struct world *world)
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

static inline void setup(struct world *world, bool subscriber)
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

static inline void hang_up(struct world *world)
{
    close(world->fd);
    world->fd = -1;
    strbuf_clear(&world->heard);
}

static inline void teardown(struct world *world)
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

static inline void world_turn(struct world *world)
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

static inline void hear(struct world *world, const char *text)
{
    UNTIL(world, world->heard.len >= strlen(text));
    assert_string_equal(world->heard.data, text);
    strbuf_clear(&world->heard);
}

static inline void say(struct world *world, const char *text)
{
    assert_int_equal(write(world->fd, text, strlen(text)), strlen(text));
}

static inline void come_up(struct world *world)
{
    int before = world->connected;

    hear(world, PING);
    assert_false(redis_link_up(world->link));
    say(world, "+PONG\r\n");
    UNTIL(world, redis_link_up(world->link));
    assert_int_equal(world->connected, before + 1);
}

static inline void turn_for(struct world *world, int64_t duration_us)
{
    int64_t until_us = clock_monotonic_us() + duration_us;

    while (clock_monotonic_us() < until_us)
        world_turn(world);
}

#endif
