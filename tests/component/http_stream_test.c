/* Goal: whatever the pieces in which bytes come, are taken, and can be sent, none is lost, doubled
 * or moved, and what waits stays small. A stream on one end of a socket pair, the test on the
 * other. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/http/http_stream.h"

#define LIMIT 2048
#define ROUNDS 20000

struct world {
    struct event_base *base;
    struct http_stream stream;
    char room[HTTP_STREAM_ROOM];
    int peer;
    size_t written;  /* by the peer */
    size_t taken;    /* from the stream */
    size_t sent;     /* to the stream */
    size_t received; /* by the peer */
    size_t most;     /* that ever waited */
    size_t appetite; /* bytes that readable takes */
    int called, flushed, broken;
    enum http_stream_input last;
};

/* Byte number index of either direction. */
static char byte_at(size_t index)
{
    return (char)(index % 251);
}

static void take(struct world *world, size_t len)
{
    while (len > 0 && http_stream_waiting(&world->stream) > 0) {
        struct http_slice piece = http_stream_peek(&world->stream);
        size_t part = piece.len < len ? piece.len : len;

        assert_true(part > 0);
        for (size_t i = 0; i < part; i++)
            assert_int_equal(piece.data[i], byte_at(world->taken + i));
        http_stream_take(&world->stream, part);
        world->taken += part;
        len -= part;
    }
}

static void readable(void *cookie)
{
    struct world *world = cookie;

    world->called++;
    world->last = http_stream_read(&world->stream);
    if (world->last == HTTP_STREAM_ERROR) {
        http_stream_close(&world->stream);
        return;
    }
    take(world, world->appetite);
    http_stream_stall(&world->stream, LIMIT);
    http_stream_keep(&world->stream);
    memset(world->room, 0x5a, sizeof world->room); /* another stream uses it */
}

static void flushed(void *cookie)
{
    ((struct world *)cookie)->flushed++;
}

static void broken(void *cookie)
{
    struct world *world = cookie;

    world->broken++;
    http_stream_close(&world->stream);
}

static const struct http_stream_callbacks callbacks = {readable, flushed, broken};

static int new_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    int ends[2], small = 4096;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    world->base = event_base_new();
    world->peer = ends[1];
    http_stream_open(&world->stream, world->base, ends[0], world->room, &callbacks, world);
    *state = world;
    return 0;
}

static int free_world(void **state)
{
    struct world *world = *state;

    if (world->stream.fd >= 0)
        http_stream_close(&world->stream);
    close(world->peer);
    event_base_free(world->base);
    free(world);
    return 0;
}

static void turn(struct world *world)
{
    event_base_loop(world->base, EVLOOP_NONBLOCK);
}

static void peer_writes(struct world *world, size_t len)
{
    char bytes[40000];
    ssize_t done;

    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(world->written + i);
    done = send(world->peer, bytes, len, MSG_NOSIGNAL);
    if (done > 0)
        world->written += (size_t)done;
}

static void peer_reads(struct world *world, size_t len)
{
    char bytes[40000];
    ssize_t got = recv(world->peer, bytes, len, 0);

    for (ssize_t i = 0; i < got; i++)
        assert_int_equal(bytes[i], byte_at(world->received + (size_t)i));
    if (got > 0)
        world->received += (size_t)got;
}

static void stream_sends(struct world *world, size_t len)
{
    char bytes[40000];

    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(world->sent + i);
    assert_true(http_stream_send(&world->stream, bytes, len));
    world->sent += len;
}

static size_t up_to(size_t most)
{
    return (size_t)rand() % most + 1;
}

static void random_step(struct world *world)
{
    switch (rand() % 8) {
    case 0:
        peer_writes(world, up_to(rand() % 4 ? 100 : 40000));
        break;
    case 1:
        take(world, up_to(3000));
        break;
    case 2:
        world->appetite = (size_t)(rand() % 4) * 700;
        break;
    case 3:
        if (http_stream_waiting(&world->stream) < LIMIT)
            http_stream_resume(&world->stream);
        break;
    case 4:
        http_stream_wake(&world->stream);
        break;
    case 5:
        if (http_stream_is_flushed(&world->stream) || rand() % 8 == 0)
            stream_sends(world, up_to(rand() % 4 ? 300 : 40000));
        break;
    case 6:
        peer_reads(world, 40000);
        break;
    default:
        turn(world);
    }
    if (http_stream_waiting(&world->stream) > world->most)
        world->most = http_stream_waiting(&world->stream);
}

static void any_pieces_keep_their_order(void **state)
{
    struct world *world = *state;

    srand(1);
    for (int i = 0; i < ROUNDS; i++)
        random_step(world);
    world->appetite = SIZE_MAX;
    while (world->taken < world->written) {
        take(world, SIZE_MAX);
        http_stream_resume(&world->stream);
        turn(world);
    }
    while (world->received < world->sent) {
        peer_reads(world, 40000);
        turn(world);
    }
    assert_true(world->taken > 1000000 && world->received > 1000000);
    assert_true(http_stream_is_flushed(&world->stream));
    assert_true(world->flushed > 10);
    assert_true(world->most > LIMIT);
    assert_true(world->most < LIMIT + HTTP_STREAM_ROOM);
    assert_true(world->stream.kept.capacity < 4 * HTTP_STREAM_ROOM);
}

static void the_end_comes_once_and_after_the_last_byte(void **state)
{
    struct world *world = *state;

    peer_writes(world, 100);
    shutdown(world->peer, SHUT_WR);
    turn(world);
    assert_int_equal(world->last, HTTP_STREAM_END);
    assert_int_equal(world->called, 2);
    assert_int_equal(http_stream_waiting(&world->stream), 100);
    turn(world);
    assert_int_equal(world->called, 2);
    http_stream_wake(&world->stream);
    turn(world);
    assert_int_equal(world->last, HTTP_STREAM_GOT);
    take(world, SIZE_MAX);
    assert_int_equal(world->taken, 100);
}

static void a_client_that_left_breaks_the_stream(void **state)
{
    struct world *world = *state;

    while (http_stream_is_flushed(&world->stream))
        stream_sends(world, 40000);
    close(world->peer);
    world->peer = -1;
    for (int i = 0; i < 10 && world->stream.fd >= 0; i++)
        turn(world);
    assert_int_equal(world->stream.fd, -1);
    assert_true(world->broken == 1 || world->last == HTTP_STREAM_ERROR);
}

static void nothing_is_read_while_stalled(void **state)
{
    struct world *world = *state;

    peer_writes(world, 3000);
    turn(world);
    peer_writes(world, 100);
    turn(world);
    assert_int_equal(world->called, 1);
    assert_int_equal(http_stream_waiting(&world->stream), 3000);
    take(world, 3000);
    http_stream_resume(&world->stream);
    turn(world);
    assert_int_equal(world->called, 2);
    assert_int_equal(http_stream_waiting(&world->stream), 100);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, new_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(any_pieces_keep_their_order),
        CASE(the_end_comes_once_and_after_the_last_byte),
        CASE(a_client_that_left_breaks_the_stream),
        CASE(nothing_is_read_while_stalled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
