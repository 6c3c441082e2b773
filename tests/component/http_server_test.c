/* Goal: requests are answered in order, one at a time, whole, and by the right handler; leaving
 * clients and draining are noticed; nothing is left open. */
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
        cmocka_unit_test(request_reaches_handler),
        cmocka_unit_test(problem_is_rfc9457),
        cmocka_unit_test(head_gets_no_body),
        cmocka_unit_test(http_1_0_closes),
        cmocka_unit_test(max_requests_closes),
        cmocka_unit_test(pipelined_in_order),
        cmocka_unit_test(large_bodies),
        cmocka_unit_test(refused_before_the_body),
        cmocka_unit_test(expect_continue),
        cmocka_unit_test(client_resets_while_pending),
        cmocka_unit_test(half_closed),
        cmocka_unit_test(answer_to_nobody),
        cmocka_unit_test(churn),
        cmocka_unit_test(accept_pauses_at_the_cap),
        cmocka_unit_test(out_of_descriptors),
        cmocka_unit_test(drain),
        cmocka_unit_test(drain_when_idle),
        cmocka_unit_test(free_tells_pending),
        cmocka_unit_test(address_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
