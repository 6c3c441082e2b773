/* Goal: clients that leave are noticed, at any time, and leave nothing open. */
#include <fcntl.h>

#include "tests/component/http_world.h"

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static void setup(struct world *world)
{
    struct http_server_config config = world_config();

    world_start(world, &config);
}

static void client_resets_while_pending(void **state)
{
    struct world world;
    struct client client;
    char fill[1000];

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client, GET("/hold/1"));
    WORLD_UNTIL(&world, world.held_count == 1);
    client_reset(&client);
    WORLD_UNTIL(&world, world.gone == 1);
    WORLD_UNTIL(&world, http_server_connections(world.server) == 0);
    assert_int_equal(http_server_pending(world.server), 0);

    client = client_open(&world);
    client_send_text(&client, GET("/hold/2"));
    memset(fill, 'x', sizeof fill);
    for (int i = 0; i < 40; i++)
        client_send(&client, fill, sizeof fill);
    WORLD_UNTIL(&world, world.held_count == 2);
    for (int i = 0; i < 20; i++)
        world_turn(&world);
    client_reset(&client);
    WORLD_UNTIL(&world, world.gone == 2);
    assert_int_equal(world.answered, 0);
    world_end(&world);
}

/* What the client sent before it shut down its side is answered; a client that is silent for long
 * after that counts as gone. */
static void half_closed(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client, GET("/hold/1") GET("/hello"));
    shutdown(client.fd, SHUT_WR);
    WORLD_UNTIL(&world, world.held_count == 1);
    for (int i = 0; i < 20; i++)
        world_turn(&world);
    http_exchange_json(world.held[0], 202, NULL, "[1]", 3);
    WORLD_UNTIL(&world, client_is_closed(&client));
    client_expect(&world, &client, 0, 202, "[1]");
    client_expect(&world, &client, 1, 200, "{}");
    client_close(&client);

    client = client_open(&world);
    client_send_text(&client, GET("/hold/2"));
    WORLD_UNTIL(&world, world.held_count == 2);
    client_close(&client);
    WORLD_UNTIL(&world, world.gone == 1);
    WORLD_UNTIL(&world, http_server_connections(world.server) == 0);
    world_end(&world);
}

/* The pending request's answer finds that the client has left in the meantime. */
static void answer_to_nobody(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client, GET("/hold/1"));
    WORLD_UNTIL(&world, world.held_count == 1);
    client_reset(&client);
    usleep(1000);
    http_exchange_json(world.held[0], 202, NULL, "[1]", 3);
    assert_int_equal(http_server_connections(world.server), 0);
    assert_int_equal(world.gone, 0);
    world_end(&world);
}

static size_t open_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void churn(void **state)
{
    struct world world;
    size_t before;

    (void)state;
    setup(&world);
    before = open_descriptors();
    for (int i = 0; i < 1000; i++) {
        struct client client = client_open(&world);

        client_send_text(&client, i % 4 == 0 ? "GET /he" : GET("/hello"));
        world_turn(&world);
        if (i % 4 == 1)
            client_reset(&client);
        else
            client_close(&client);
    }
    WORLD_UNTIL(&world, http_server_connections(world.server) == 0);
    assert_int_equal(open_descriptors(), before);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_resets_while_pending),
        cmocka_unit_test(half_closed),
        cmocka_unit_test(answer_to_nobody),
        cmocka_unit_test(churn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
