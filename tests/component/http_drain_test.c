/* Goal: a server that drains answers what it has begun, and then closes. */
#include "tests/component/http_world.h"

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static void setup(struct world *world)
{
    struct http_server_config config = world_config();

    world_start(world, &config);
}

static void world_drained(void *context)
{
    struct world *world = context;

    world->drained++;
}

static void drain(void **state)
{
    struct world world;
    struct client idle, pending, begun, sent, slow;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    setup(&world);
    idle = client_open(&world);
    client_send_text(&idle, GET("/hello"));
    client_expect(&world, &idle, 0, 200, "{}");
    pending = client_open(&world);
    client_send_text(&pending, GET("/hold/1"));
    WORLD_UNTIL(&world, world.held_count == 1);
    begun = client_open(&world);
    client_send_text(&begun, "GET /hello HT");
    slow = client_open(&world);
    client_send_text(&slow, GET("/large"));
    WORLD_UNTIL(&world, world.handled == 3);
    sent = client_open(&world);
    WORLD_UNTIL(&world, http_server_connections(world.server) == 5);
    client_send_text(&sent, GET("/hello"));

    address.sin_port = htons(http_server_port(world.server));
    http_server_drain(world.server, world_drained);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), -1);
    WORLD_UNTIL(&world, client_is_closed(&idle));
    client_expect(&world, &sent, 0, 200, "\r\nConnection: close\r\n");
    client_send_text(&begun, "TP/1.1\r\n" HOST "\r\n");
    client_expect(&world, &begun, 0, 200, "\r\nConnection: close\r\n");
    client_expect(&world, &slow, 0, 200, "");
    WORLD_UNTIL(&world, client_is_closed(&slow));
    assert_int_equal(http_server_pending(world.server), 1);
    assert_int_equal(world.drained, 0);
    http_exchange_json(world.held[0], 202, NULL, "[1]", 3);
    client_expect(&world, &pending, 0, 202, "\r\nConnection: close\r\n");
    client_close(&idle);
    client_close(&pending);
    client_close(&begun);
    client_close(&sent);
    client_close(&slow);
    WORLD_UNTIL(&world, world.drained == 1);
    for (int i = 0; i < 20; i++)
        world_turn(&world);
    assert_int_equal(world.drained, 1);
    close(fd);
    world_end(&world);
}

static void drain_when_idle(void **state)
{
    struct world world;

    (void)state;
    setup(&world);
    http_server_drain(world.server, world_drained);
    assert_int_equal(world.drained, 0);
    WORLD_UNTIL(&world, world.drained == 1);
    world_end(&world);
}

static void free_tells_pending(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client, GET("/hold/1"));
    WORLD_UNTIL(&world, world.held_count == 1);
    http_server_free(world.server);
    world.server = NULL;
    assert_int_equal(world.gone, 1);
    WORLD_UNTIL(&world, client_is_closed(&client));
    client_close(&client);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drain),
        cmocka_unit_test(drain_when_idle),
        cmocka_unit_test(free_tells_pending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
