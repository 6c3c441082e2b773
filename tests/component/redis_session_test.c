/* Goal: the worker's connection to Redis finds the primary by itself, leaves a server that can't
 * serve, and no server, however it misbehaves, keeps it longer than its time-outs. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "issue-worker/redis_session.h"

#define TIMEOUT_MS 200
#define PATIENCE_US (20 * INT64_C(1000000))
#define MASTER "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define REPLICA "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"
#define SET_K "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"

/* A server that answers each command by its first word, on a thread of its own. */
struct fake_redis {
    int listen_fd;
    uint16_t port;
    pthread_t thread;
    atomic_bool stopping;
    const char *_Atomic hello; /* to AUTH, PING, ROLE and SENTINEL; NULL: nothing is answered */
    const char *_Atomic reply; /* to all else; NULL: nothing */
    atomic_bool drips;         /* one byte at a time, slowly */
    atomic_int connections;
    atomic_int commands; /* other than hello's */
    atomic_bool logged_in;
};

static void say(const struct fake_redis *fake, int fd, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; fake->drips && i < len && !fake->stopping; i++) {
        if (send(fd, text + i, 1, MSG_NOSIGNAL) != 1)
            return;
        usleep(TIMEOUT_MS * 1000 / 4);
    }
    if (!fake->drips && send(fd, text, len, MSG_NOSIGNAL) < 0)
        assert_int_not_equal(errno, EBADF);
}

static void answer(struct fake_redis *fake, int fd, const char *command)
{
    const char *text;

    if (strstr(command, "AUTH")) {
        fake->logged_in = strstr(command, "secret") != NULL;
        text = fake->logged_in ? "+OK\r\n" : "-WRONGPASS no\r\n";
    } else if (strstr(command, "PING") || strstr(command, "ROLE") || strstr(command, "SENTINEL")) {
        text = fake->hello;
    } else {
        fake->commands++;
        text = fake->reply;
    }
    if (text)
        say(fake, fd, text);
}

/* Each read is one command: the session waits for the answer before it sends the next. */
static void *serve(void *cookie)
{
    struct fake_redis *fake = cookie;
    int fd = -1;

    while (!fake->stopping) {
        struct pollfd polled[2] = {{.fd = fake->listen_fd, .events = POLLIN},
                                   {.fd = fd, .events = POLLIN}};
        char bytes[4096] = "";

        poll(polled, 2, 10);
        if (polled[0].revents) {
            if (fd >= 0)
                close(fd);
            fd = accept(fake->listen_fd, NULL, NULL);
            fake->connections++;
        } else if (fd >= 0 && polled[1].revents) {
            if (read(fd, bytes, sizeof bytes - 1) > 0) {
                answer(fake, fd, bytes);
            } else {
                close(fd);
                fd = -1;
            }
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void fake_redis_start(struct fake_redis *fake, const char *hello, const char *reply)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;

    *fake = (struct fake_redis){.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    fake->hello = hello;
    fake->reply = reply;
    assert_int_equal(bind(fake->listen_fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fake->listen_fd, 16), 0);
    assert_int_equal(getsockname(fake->listen_fd, (struct sockaddr *)&address, &len), 0);
    fake->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

static void fake_redis_stop(struct fake_redis *fake)
{
    fake->stopping = true;
    pthread_join(fake->thread, NULL);
    close(fake->listen_fd);
}

static enum redis_session_end write_k(struct redis_session *session)
{
    return redis_session_exchange(session, SET_K, strlen(SET_K), 1);
}

/* Try until it ends so; pauses grow, and nothing else is waited for. */
static void expect_end(struct redis_session *session, enum redis_session_end wanted)
{
    int64_t until_us = clock_monotonic_us() + PATIENCE_US;

    while (write_k(session) != wanted) {
        if (clock_monotonic_us() > until_us)
            fail_msg("waited in vain for an exchange that ends with %d", (int)wanted);
        usleep(1000);
    }
}

static struct redis_session *session_to(struct redis_options *options,
                                        const struct fake_redis *fake)
{
    *options = (struct redis_options){.host = "127.0.0.1",
                                      .port = fake->port,
                                      .primary_name = "mymaster",
                                      .timeout_ms = TIMEOUT_MS};
    return redis_session_new(options, "going on without, results are in MySQL");
}

static void a_replica_is_left_and_returned_to(void **state)
{
    struct redis_options options;
    struct redis_session *session;
    struct fake_redis fake;

    (void)state;
    fake_redis_start(&fake, "+PONG\r\n", "+OK\r\n");
    session = session_to(&options, &fake);
    assert_int_equal(write_k(session), REDIS_SESSION_DONE);
    assert_int_equal(write_k(session), REDIS_SESSION_DONE);
    assert_int_equal(fake.connections, 1);
    fake.reply = "-READONLY You can't write against a read only replica.\r\n";
    assert_int_equal(write_k(session), REDIS_SESSION_DROPPED);
    assert_int_equal(write_k(session), REDIS_SESSION_DOWN); /* it pauses */
    assert_false(redis_session_worth_trying(session));
    fake.reply = "+OK\r\n";
    expect_end(session, REDIS_SESSION_DONE);
    assert_in_range(fake.connections, 2, 3);
    redis_session_free(session);
    fake_redis_stop(&fake);
}

static void a_refused_command_is_no_reason_to_leave(void **state)
{
    struct redis_options options;
    struct redis_session *session;
    struct fake_redis fake;

    (void)state;
    fake_redis_start(&fake, "+PONG\r\n", "-OOM command not allowed\r\n");
    session = session_to(&options, &fake);
    for (int i = 0; i < 3; i++)
        assert_int_equal(write_k(session), REDIS_SESSION_PARTLY);
    assert_int_equal(fake.connections, 1);
    redis_session_free(session);
    fake_redis_stop(&fake);
}

/* Silent, or dripping one byte at a time so that no single read is late. */
static void no_server_keeps_it(void **state)
{
    (void)state;
    for (int drips = 0; drips < 2; drips++) {
        struct redis_options options;
        struct redis_session *session;
        struct fake_redis fake;
        int64_t began_us;

        fake_redis_start(&fake, "+PONG\r\n", "+OK\r\n");
        session = session_to(&options, &fake);
        assert_int_equal(write_k(session), REDIS_SESSION_DONE);
        fake.drips = drips;
        fake.reply = drips ? "+A very long answer that would take a quarter of an hour\r\n" : NULL;
        began_us = clock_monotonic_us();
        assert_int_equal(write_k(session), REDIS_SESSION_DROPPED);
        assert_in_range(clock_monotonic_us() - began_us, TIMEOUT_MS * 1000,
                        2 * TIMEOUT_MS * 1000 + 1000000);
        fake.drips = false;
        fake.reply = "+OK\r\n";
        expect_end(session, REDIS_SESSION_DONE);
        redis_session_free(session);
        fake_redis_stop(&fake);
    }
}

static void it_logs_in_before_all_else(void **state)
{
    struct redis_options options;
    struct redis_session *session;
    struct fake_redis fake;

    (void)state;
    fake_redis_start(&fake, "+PONG\r\n", "+OK\r\n");
    session = session_to(&options, &fake);
    options.password = "secret";
    assert_int_equal(write_k(session), REDIS_SESSION_DONE);
    assert_true(fake.logged_in);
    redis_session_free(session);
    session = session_to(&options, &fake);
    options.username = "worker";
    options.password = "wrong";
    assert_int_equal(write_k(session), REDIS_SESSION_DOWN);
    assert_int_equal(fake.commands, 1);
    redis_session_free(session);
    fake_redis_stop(&fake);
}

/* Three Sentinels, of which one is silent and one still names the old primary, first. */
static void the_primary_is_found_by_most_sentinels(void **state)
{
    struct fake_redis old, new, sentinels[3];
    struct redis_options options;
    struct redis_session *session;
    char list[128], names_old[64], names_new[64];

    (void)state;
    fake_redis_start(&old, MASTER, "+OK\r\n");
    fake_redis_start(&new, MASTER, "+OK\r\n");
    snprintf(names_old, sizeof names_old, "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n%05u\r\n", old.port);
    snprintf(names_new, sizeof names_new, "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n%05u\r\n", new.port);
    for (int i = 0; i < 3; i++)
        fake_redis_start(&sentinels[i], names_old, NULL);
    snprintf(list, sizeof list, "127.0.0.1:%u,127.0.0.1:%u,127.0.0.1:%u", sentinels[0].port,
             sentinels[1].port, sentinels[2].port);
    session = session_to(&options, &old);
    redis_session_free(session);
    options.sentinels = list;
    session = redis_session_new(&options, "going on without, results are in MySQL");
    assert_int_equal(write_k(session), REDIS_SESSION_DONE);
    assert_int_equal(old.commands, 1);

    sentinels[1].hello = sentinels[2].hello = names_new;
    old.reply = "-READONLY You can't write against a read only replica.\r\n";
    expect_end(session, REDIS_SESSION_DROPPED);
    expect_end(session, REDIS_SESSION_DONE);
    assert_int_equal(new.commands, 1);

    sentinels[1].hello = NULL; /* an even vote, and the old one is named in half of the rounds */
    old.hello = REPLICA;
    new.reply = "-LOADING Redis is loading the dataset in memory\r\n";
    expect_end(session, REDIS_SESSION_DROPPED);
    new.reply = "+OK\r\n";
    expect_end(session, REDIS_SESSION_DONE);
    assert_int_equal(old.commands, 2);
    redis_session_free(session);
    for (int i = 0; i < 3; i++)
        fake_redis_stop(&sentinels[i]);
    fake_redis_stop(&old);
    fake_redis_stop(&new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replica_is_left_and_returned_to),
        cmocka_unit_test(a_refused_command_is_no_reason_to_leave),
        cmocka_unit_test(no_server_keeps_it),
        cmocka_unit_test(it_logs_in_before_all_else),
        cmocka_unit_test(the_primary_is_found_by_most_sentinels),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
