/* Goal: requests are answered in order, one at a time, whole, and by the right handler. */
#include "tests/component/http_world.h"

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static void setup(struct world *world)
{
    struct http_server_config config = world_config();

    world_start(world, &config);
}

static void request_reaches_handler(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client,
                     "PUT /show/17/x/b%20c?p=1&q=2 HTTP/1.1\r\nhOsT: a\r\nX-TAG: \t v w \r\n"
                     "Content-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]");
    client_expect(&world, &client, 0, 200,
                  "path=/show/17/x/b%20c query=p=1&q=2 17 b%20c tag=v w body=[1]");
    client_expect(&world, &client, 0, 200, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n");
    client_expect(&world, &client, 0, 200, "\r\nX-Shown: yes\r\n");
    client_expect(&world, &client, 0, 200, "\r\nCache-Control: no-store\r\n");
    client_expect(&world, &client, 0, 200, " GMT\r\n");
    assert_string_equal(world.last_pattern, "/show/{a}/x/{b}");
    assert_int_equal(world.answered, 1);
    client_close(&client);
    world_end(&world);
}

static void problem_is_rfc9457(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client, GET("/problem"));
    client_expect(&world, &client, 0, 503,
                  "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                  "\"code\":\"UNAVAILABLE\",\"detail\":\"not \\\"now\\\"\","
                  "\"outcome\":\"unknown\"}");
    client_expect(&world, &client, 0, 503, "\r\nRetry-After: 1\r\n");
    client_send_text(&client, GET("/nothing"));
    client_expect(&world, &client, 1, 404, "\"code\":\"NOT_FOUND\"");
    assert_string_equal(world.last_pattern, "");
    client_send_text(&client, "DELETE /hello HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&world, &client, 2, 405, "\r\nAllow: GET, HEAD\r\n");
    client_close(&client);
    world_end(&world);
}

static void head_gets_no_body(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client, "HEAD /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    WORLD_UNTIL(&world, client_is_closed(&client));
    assert_non_null(strstr(client.got.data, "\r\nContent-Length: 2\r\n"));
    assert_string_equal(client.got.data + client.got.len - 4, "\r\n\r\n");
    client_close(&client);
    world_end(&world);
}

static void http_1_0_closes(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client, "GET /hello HTTP/1.0\r\n\r\nGET /hello HTTP/1.0\r\n\r\n");
    WORLD_UNTIL(&world, client_is_closed(&client));
    assert_int_equal(client_answers(&client), 1);
    client_expect(&world, &client, 0, 200, "\r\nConnection: close\r\n");
    client_close(&client);
    world_end(&world);
}

static void max_requests_closes(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct client client;

    (void)state;
    config.max_requests = 3;
    world_start(&world, &config);
    client = client_open(&world);
    for (int i = 0; i < 5; i++)
        client_send_text(&client, GET("/hello"));
    WORLD_UNTIL(&world, client_is_closed(&client));
    assert_int_equal(client_answers(&client), 3);
    assert_int_equal(world.handled, 3);
    client_close(&client);
    world_end(&world);
}

static void pipelined_in_order(void **state)
{
    struct world world;
    struct client client;
    char path[32];

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client, GET("/hold/1") GET("/show/a/x/b") GET("/hold/2") GET("/nothing")
                                  GET("/hello"));
    WORLD_UNTIL(&world, world.held_count == 1);
    for (int i = 0; i < 20; i++)
        world_turn(&world);
    assert_int_equal(world.handled, 1);
    assert_int_equal(http_server_pending(world.server), 1);
    http_exchange_json(world.held[0], 202, NULL, "[1]", 3);
    WORLD_UNTIL(&world, world.held_count == 2);
    client_expect(&world, &client, 0, 202, "[1]");
    client_expect(&world, &client, 1, 200, "path=/show/a/x/b query= a b");
    assert_int_equal(client_answers(&client), 2);
    http_exchange_json(world.held[1], 202, NULL, "[2]", 3);
    client_expect(&world, &client, 2, 202, "[2]");
    client_expect(&world, &client, 3, 404, "NOT_FOUND");
    client_expect(&world, &client, 4, 200, "{}");
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "/show/%d/x/%d", i, i + 1);
        client_send_text(&client, "GET ");
        client_send_text(&client, path);
        client_send_text(&client, " HTTP/1.1\r\n" HOST "\r\n");
    }
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "query= %d %d", i, i + 1);
        client_expect(&world, &client, 5 + i, 200, path);
    }
    client_close(&client);
    world_end(&world);
}

/* Bodies larger than any buffer's first size, cut at odd places. */
static void large_bodies(void **state)
{
    struct world world;
    struct client client;
    struct strbuf request = STRBUF_INIT;

    (void)state;
    setup(&world);
    client = client_open(&world);
    for (int chunked = 0; chunked < 2; chunked++) {
        strbuf_clear(&request);
        strbuf_addf(&request,
                    "PUT /show/1/x/2?q HTTP/1.1\r\n" HOST "X-Tag: t\r\n%s: %s\r\n"
                    "Content-Type: application/json\r\n\r\n",
                    chunked ? "Transfer-Encoding" : "Content-Length",
                    chunked ? "chunked" : "90000");
        for (int i = 0; i < 900; i++) {
            if (chunked)
                strbuf_add_text(&request, "64\r\n");
            for (int j = 0; j < 100; j++)
                strbuf_add_text(&request, j == 99 ? "." : "y");
            if (chunked)
                strbuf_add_text(&request, "\r\n");
        }
        if (chunked)
            strbuf_add_text(&request, "0\r\n\r\n");
        for (size_t at = 0; at < request.len; at += 777) {
            client_send(&client, request.data + at,
                        request.len - at < 777 ? request.len - at : 777);
            world_turn(&world);
        }
        client_expect(&world, &client, chunked, 200, "path=/show/1/x/2 query=q 1 2 tag=t body=yyy");
        client_expect(&world, &client, chunked, 200, "\r\nContent-Length: 90040\r\n");
    }
    strbuf_free(&request);
    client_close(&client);
    world_end(&world);
}

/* The answer to a large body must reach the client, though the body is still on its way. */
static void refused_before_the_body(void **state)
{
    struct world world;
    struct client client;
    char block[4096];

    (void)state;
    setup(&world);
    client = client_open(&world);
    memset(block, 'x', sizeof block);
    client_send_text(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
                              "Content-Length: 10000000\r\n\r\n");
    client_expect(&world, &client, 0, 413, "\"code\":\"CONTENT_TOO_LARGE\"");
    for (int i = 0; i < 64; i++) {
        client_send(&client, block, sizeof block);
        world_turn(&world);
    }
    shutdown(client.fd, SHUT_WR);
    WORLD_UNTIL(&world, client_is_closed(&client));
    assert_false(client.reset);
    assert_int_equal(world.handled, 0);
    WORLD_UNTIL(&world, http_server_connections(world.server) == 0);
    client_close(&client);
    world_end(&world);
}

static void expect_continue(void **state)
{
    static const char head[] = "POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
                               "Expect: 100-Continue\r\nContent-Length: ";
    struct world world;
    struct client client;

    (void)state;
    setup(&world);
    client = client_open(&world);
    client_send_text(&client, head);
    client_send_text(&client, "2\r\n\r\n");
    client_expect(&world, &client, 0, 100, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send_text(&client, "{}");
    client_expect(&world, &client, 1, 200, "{}");
    client_send_text(&client, head);
    client_send_text(&client, "65\r\n\r\n");
    client_expect(&world, &client, 2, 413, "");
    client_close(&client);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_reaches_handler),
        cmocka_unit_test(problem_is_rfc9457),
        cmocka_unit_test(head_gets_no_body),
        cmocka_unit_test(http_1_0_closes),
        cmocka_unit_test(max_requests_closes),
        cmocka_unit_test(pipelined_in_order),
        cmocka_unit_test(large_bodies),
        cmocka_unit_test(refused_before_the_body),
        cmocka_unit_test(expect_continue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
