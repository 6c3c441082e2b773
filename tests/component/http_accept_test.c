/* Goal: accepting stops and goes on at the caps, and an address that is taken is told. */
#include <fcntl.h>
#include <sys/resource.h>

#include "tests/component/http_world.h"

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static void setup(struct world *world)
{
    struct http_server_config config = world_config();

    world_start(world, &config);
}

static void accept_pauses_at_the_cap(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct client clients[5];

    (void)state;
    config.max_connections = 2;
    world_start(&world, &config);
    for (int i = 0; i < 5; i++) {
        clients[i] = client_open(&world);
        client_send_text(&clients[i], GET("/hello"));
    }
    WORLD_UNTIL(&world, world.handled == 2);
    for (int i = 0; i < 50; i++)
        world_turn(&world);
    assert_int_equal(http_server_connections(world.server), 2);
    assert_int_equal(world.handled, 2);
    for (int i = 0; i < 5; i++) {
        client_expect(&world, &clients[i], 0, 200, "{}");
        client_close(&clients[i]);
    }
    WORLD_UNTIL(&world, http_server_connections(world.server) == 0);
    world_end(&world);
}

/* Without descriptors newcomers are turned away, the loop does not spin, and it recovers. */
static void out_of_descriptors(void **state)
{
    struct world world;
    struct client first, refused, later;
    struct rlimit limit, low;
    int turns = 0;
    int64_t start_us;

    (void)state;
    setup(&world);
    first = client_open(&world);
    client_send_text(&first, GET("/hello"));
    client_expect(&world, &first, 0, 200, "{}");
    refused = client_open(&world);
    getrlimit(RLIMIT_NOFILE, &limit);
    low = limit;
    low.rlim_cur = (rlim_t)refused.fd + 1;
    for (int fd = 0; fd <= refused.fd; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            low.rlim_cur = (rlim_t)fd;
    }
    setrlimit(RLIMIT_NOFILE, &low);
    WORLD_UNTIL(&world, client_is_closed(&refused));
    client_send_text(&first, GET("/hello"));
    client_expect(&world, &first, 1, 200, "{}");
    start_us = clock_monotonic_us();
    for (; clock_monotonic_us() - start_us < 300 * 1000; turns++)
        event_base_loop(world.base, EVLOOP_ONCE);
    assert_true(turns < 20);
    setrlimit(RLIMIT_NOFILE, &limit);
    later = client_open(&world);
    client_send_text(&later, GET("/hello"));
    client_expect(&world, &later, 0, 200, "{}");
    client_close(&first);
    client_close(&refused);
    client_close(&later);
    world_end(&world);
}

static void address_in_use(void **state)
{
    struct http_server_config config = world_config();
    struct world world;

    (void)state;
    setup(&world);
    config.port = http_server_port(world.server);
    errno = 0;
    assert_null(http_server_new(world.base, &config, world_routes, 1, NULL));
    assert_int_equal(errno, EADDRINUSE);
    config.host = "no address";
    assert_null(http_server_new(world.base, &config, world_routes, 1, NULL));
    assert_int_equal(errno, EINVAL);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_pauses_at_the_cap),
        cmocka_unit_test(out_of_descriptors),
        cmocka_unit_test(address_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
