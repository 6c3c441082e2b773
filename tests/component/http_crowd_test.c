/* Goal: when all places are taken, clients that keep the server waiting make room for those who
 * want something; who waits for an answer is left in peace. */
#include "tests/component/http_world.h"

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

#define PLACES 6
#define CROWDED_MS 1000 /* as in http_connection_watch.c */

static void fill(struct world *world, struct client clients[PLACES], int first)
{
    for (int i = first; i < PLACES; i++)
        clients[i] = client_open(world);
    WORLD_UNTIL(world, http_server_connections(world->server) == PLACES);
}

static void start(struct world *world)
{
    struct http_server_config config = world_config();

    config.max_connections = PLACES;
    world_start(world, &config);
}

static void end(struct world *world, struct client clients[PLACES])
{
    for (int i = 0; i < PLACES; i++)
        client_close(&clients[i]);
    world_end(world);
}

/* Two of six places are made at a time, and the oldest goes first. */
static void the_oldest_idle_clients_make_room(void **state)
{
    struct world world;
    struct client clients[PLACES], newcomer;
    int64_t start_us;

    (void)state;
    start(&world);
    start_us = clock_monotonic_us();
    fill(&world, clients, 0);
    WORLD_UNTIL(&world, http_server_connections(world.server) < PLACES);
    assert_true(clock_monotonic_us() - start_us >= CROWDED_MS * 1000);
    assert_int_equal(http_server_connections(world.server), PLACES - 2);
    WORLD_UNTIL(&world, client_is_closed(&clients[0]) && client_is_closed(&clients[1]));
    assert_false(clients[0].reset);
    newcomer = client_open(&world);
    client_send_text(&newcomer, GET("/hello"));
    client_expect(&world, &newcomer, 0, 200, "{}");
    client_close(&newcomer);
    end(&world, clients);
}

static void whoever_waits_for_an_answer_stays(void **state)
{
    struct world world;
    struct client clients[PLACES], newcomer;

    (void)state;
    start(&world);
    for (int i = 0; i < PLACES - 1; i++) {
        clients[i] = client_open(&world);
        client_send_text(&clients[i], GET("/hold/1"));
    }
    WORLD_UNTIL(&world, world.held_count == PLACES - 1);
    fill(&world, clients, PLACES - 1);
    newcomer = client_open(&world);
    client_send_text(&newcomer, GET("/hello"));
    client_expect(&world, &newcomer, 0, 200, "{}");
    assert_true(client_is_closed(&clients[PLACES - 1]));
    assert_int_equal(world.gone, 0);
    for (int i = 0; i < PLACES - 1; i++) {
        http_exchange_json(world.held[i], 200, NULL, "[1]", 3);
        client_expect(&world, &clients[i], 0, 200, "[1]");
    }
    client_close(&newcomer);
    end(&world, clients);
}

/* A head or body that trickles, an answer that is not read, and a client that stays after its last
 * answer. */
static void slow_clients_make_room(void **state)
{
    static const char *const openings[] = {
        "GET /hello HTTP/1.1\r\nX: ",
        "POST /big/echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
        "Content-Length: 90000\r\n\r\n{",
        GET("/large"),
        "GET /hello HTTP/1.1\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof openings / sizeof openings[0]; i++) {
        struct world world;
        struct client clients[PLACES], newcomer;

        start(&world);
        for (int j = 0; j < PLACES; j++) {
            clients[j] = client_open(&world);
            client_send_text(&clients[j], openings[i]);
        }
        WORLD_UNTIL(&world, http_server_connections(world.server) == PLACES);
        newcomer = client_open(&world);
        client_send_text(&newcomer, GET("/hello"));
        client_expect(&world, &newcomer, 0, 200, "{}");
        client_close(&newcomer);
        end(&world, clients);
    }
}

/* As long as there are places nobody is hurried. */
static void with_a_place_left_all_stay(void **state)
{
    struct world world;
    struct client clients[PLACES];
    int64_t start_us;

    (void)state;
    start(&world);
    for (int i = 0; i < PLACES; i++)
        clients[i] = client_open(&world);
    client_close(&clients[0]);
    WORLD_UNTIL(&world, http_server_connections(world.server) == PLACES - 1);
    start_us = clock_monotonic_us();
    WORLD_UNTIL(&world, clock_monotonic_us() - start_us > 2 * CROWDED_MS * 1000);
    assert_int_equal(http_server_connections(world.server), PLACES - 1);
    clients[0] = client_open(&world);
    end(&world, clients);
}

#define PIPES 64
#define DEPTH 400

/* A newcomer's one request is begun long before the many that stood in line already are done. */
static void pipelines_take_turns(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct client pipes[PIPES], newcomer;
    struct strbuf requests = STRBUF_INIT;

    (void)state;
    world_start(&world, &config);
    for (int i = 0; i < DEPTH; i++)
        strbuf_add_text(&requests, GET("/hello"));
    for (int i = 0; i < PIPES; i++) {
        pipes[i] = client_open(&world);
        client_send(&pipes[i], requests.data, requests.len);
    }
    newcomer = client_open(&world);
    client_send_text(&newcomer, GET("/hold/1"));
    WORLD_UNTIL(&world, world.handled == PIPES * DEPTH + 1);
    if (world.handled_by_first_hold > PIPES * DEPTH / 4)
        fail_msg("%d of %d came first", world.handled_by_first_hold, PIPES * DEPTH);
    http_exchange_json(world.held[0], 200, NULL, "{}", 2);
    for (int i = 0; i < PIPES; i++) {
        WORLD_UNTIL(&world, client_answers(&pipes[i]) == DEPTH);
        client_close(&pipes[i]);
    }
    client_close(&newcomer);
    strbuf_free(&requests);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_idle_clients_make_room),
        cmocka_unit_test(whoever_waits_for_an_answer_stays),
        cmocka_unit_test(slow_clients_make_room),
        cmocka_unit_test(with_a_place_left_all_stay),
        cmocka_unit_test(pipelines_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
