/* Goal: no client can hold a connection longer than its deadlines allow, however it spends the
 * time. */
#include "tests/component/http_world.h"

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

/* Long enough for a machine under load, short enough for a test. */
#define SHORT_MS 400

static int64_t elapsed_ms(int64_t start_us)
{
    return (clock_monotonic_us() - start_us) / 1000;
}

/* Wait for the close; it must not come before the deadline. */
static void expect_close_after(struct world *world, struct client *client, int64_t start_us)
{
    WORLD_UNTIL(world, client_is_closed(client));
    if (elapsed_ms(start_us) < SHORT_MS)
        fail_msg("closed after %d ms, deadline is %d ms", (int)elapsed_ms(start_us), SHORT_MS);
}

static void idle_is_closed(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct client never, kept;
    int64_t start_us;

    (void)state;
    config.idle_timeout_ms = SHORT_MS;
    world_start(&world, &config);
    start_us = clock_monotonic_us();
    never = client_open(&world);
    expect_close_after(&world, &never, start_us);
    assert_int_equal(never.got.len, 0);

    kept = client_open(&world);
    for (int i = 0; i < 4; i++) {
        start_us = clock_monotonic_us();
        WORLD_UNTIL(&world, elapsed_ms(start_us) > SHORT_MS / 2);
        start_us = clock_monotonic_us();
        client_send_text(&kept, GET("/hello"));
        client_expect(&world, &kept, i, 200, "{}");
    }
    expect_close_after(&world, &kept, start_us);
    assert_int_equal(client_answers(&kept), 4);
    client_close(&never);
    client_close(&kept);
    world_end(&world);
}

/* Send a byte every few milliseconds until the server has had enough. */
static void trickle_until_closed(struct world *world, struct client *client)
{
    while (!client_is_closed(client) && client_answers(client) == 0) {
        int64_t sent_us = clock_monotonic_us();

        send(client->fd, "x", 1, MSG_NOSIGNAL);
        while (clock_monotonic_us() - sent_us < 5000)
            world_turn(world);
    }
}

static void slow_head(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct client client;
    int64_t start_us;

    (void)state;
    config.head_timeout_ms = SHORT_MS;
    world_start(&world, &config);
    client = client_open(&world);
    start_us = clock_monotonic_us();
    client_send_text(&client, "GET /hello HTTP/1.1\r\nX: ");
    trickle_until_closed(&world, &client);
    expect_close_after(&world, &client, start_us);
    client_expect(&world, &client, 0, 408, "\"code\":\"REQUEST_TIMEOUT\"");
    client_expect(&world, &client, 0, 408, "\r\nConnection: close\r\n");
    assert_int_equal(world.handled, 0);
    client_close(&client);
    world_end(&world);
}

static void slow_body(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct client client;
    int64_t start_us;

    (void)state;
    config.body_timeout_ms = SHORT_MS;
    world_start(&world, &config);
    client = client_open(&world);
    start_us = clock_monotonic_us();
    client_send_text(&client, "POST /big/echo HTTP/1.1\r\n" HOST "Content-Length: 90000\r\n"
                              "Content-Type: application/json\r\n\r\n");
    trickle_until_closed(&world, &client);
    expect_close_after(&world, &client, start_us);
    client_expect(&world, &client, 0, 408, "\"code\":\"REQUEST_TIMEOUT\"");
    assert_int_equal(world.handled, 0);
    client_close(&client);
    world_end(&world);
}

/* A client that never reads is cut off, and what waits behind its answer is not begun. */
static void slow_reader(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct client client;
    int64_t start_us;

    (void)state;
    config.write_timeout_ms = SHORT_MS;
    world_start(&world, &config);
    client = client_open(&world);
    start_us = clock_monotonic_us();
    client_send_text(&client, GET("/large") GET("/hello"));
    WORLD_UNTIL(&world, world.handled == 1);
    WORLD_UNTIL(&world, http_server_connections(world.server) == 0);
    assert_true(elapsed_ms(start_us) >= SHORT_MS);
    assert_int_equal(world.handled, 1);
    WORLD_UNTIL(&world, client_is_closed(&client));
    assert_true(client.reset);
    client_close(&client);

    client = client_open(&world);
    client_send_text(&client, GET("/large") GET("/hello"));
    client_expect(&world, &client, 0, 200, "");
    client_expect(&world, &client, 1, 200, "{}");
    client_close(&client);
    world_end(&world);
}

/* A handler takes the time it takes: no deadline runs while it owes the answer. */
static void pending_has_no_deadline(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct client client;
    int64_t start_us;

    (void)state;
    config.idle_timeout_ms = config.head_timeout_ms = SHORT_MS;
    config.body_timeout_ms = config.write_timeout_ms = SHORT_MS;
    world_start(&world, &config);
    client = client_open(&world);
    client_send_text(&client, GET("/hold/1"));
    WORLD_UNTIL(&world, world.held_count == 1);
    start_us = clock_monotonic_us();
    WORLD_UNTIL(&world, elapsed_ms(start_us) > 3 * SHORT_MS);
    assert_int_equal(world.gone, 0);
    http_exchange_json(world.held[0], 202, NULL, "[1]", 3);
    client_expect(&world, &client, 0, 202, "[1]");
    client_close(&client);
    world_end(&world);
}

/* The last answer was sent, and the client neither closes nor stops sending. */
static void lingering_ends(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct client client;

    (void)state;
    world_start(&world, &config);
    client = client_open(&world);
    client_send_text(&client, "GET /hello HTTP/1.1\r\n\r\n");
    client_expect(&world, &client, 0, 400, "");
    assert_int_equal(http_server_connections(world.server), 1);
    while (http_server_connections(world.server) > 0) {
        send(client.fd, GET("/hello"), sizeof(GET("/hello")) - 1, MSG_NOSIGNAL);
        world_turn(&world);
    }
    assert_int_equal(world.handled, 0);
    assert_int_equal(client_answers(&client), 1);
    client_close(&client);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_is_closed),
        cmocka_unit_test(slow_head),
        cmocka_unit_test(slow_body),
        cmocka_unit_test(slow_reader),
        cmocka_unit_test(pending_has_no_deadline),
        cmocka_unit_test(lingering_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
