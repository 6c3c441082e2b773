/* Goal: wherever two readers could disagree about where a request ends or whom it is for, there is
 * one 400 and the connection closes; nothing behind that point is ever taken for a request. Every
 * case is sent whole, byte by byte, and with a good request behind it. */
#include "tests/component/http_world.h"

#define HOST "Host: a\r\n"
#define JSON "Content-Type: application/json\r\n"
#define HEAD "POST /echo HTTP/1.1\r\n" HOST JSON
#define GOOD "GET /hello HTTP/1.1\r\n" HOST "\r\n"
#define RAW(bytes) bytes, sizeof(bytes) - 1

struct raw_case {
    const char *name;
    const char *bytes;
    size_t len;
    int status;
};

static const struct raw_case refused[] = {
    {"two lengths that differ", RAW(HEAD "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), 400},
    {"two equal lengths", RAW(HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), 400},
    {"list of lengths", RAW(HEAD "Content-Length: 2, 2\r\n\r\n{}"), 400},
    {"length with plus", RAW(HEAD "Content-Length: +2\r\n\r\n{}"), 400},
    {"length with minus", RAW(HEAD "Content-Length: -2\r\n\r\n{}"), 400},
    {"length in hexadecimal", RAW(HEAD "Content-Length: 0x2\r\n\r\n{}"), 400},
    {"length with leading zero", RAW(HEAD "Content-Length: 02\r\n\r\n{}"), 400},
    {"length with blank inside", RAW(HEAD "Content-Length: 2 2\r\n\r\n{}"), 400},
    {"length in quotes", RAW(HEAD "Content-Length: \"2\"\r\n\r\n{}"), 400},
    {"empty length", RAW(HEAD "Content-Length:\r\n\r\n{}"), 400},
    {"length past 64 bits", RAW(HEAD "Content-Length: 18446744073709551618\r\n\r\n{}"), 400},
    {"length with fraction", RAW(HEAD "Content-Length: 2.0\r\n\r\n{}"), 400},
    {"blank before colon", RAW(HEAD "Content-Length : 2\r\n\r\n{}"), 400},
    {"tab before colon", RAW(HEAD "Content-Length\t: 2\r\n\r\n{}"), 400},
    {"blank before colon of any field", RAW("GET /hello HTTP/1.1\r\n" HOST "X-A : b\r\n\r\n"), 400},
    {"blank inside a name", RAW("GET /hello HTTP/1.1\r\n" HOST "X A: b\r\n\r\n"), 400},
    {"no colon", RAW("GET /hello HTTP/1.1\r\n" HOST "X-A\r\n\r\n"), 400},
    {"empty name", RAW("GET /hello HTTP/1.1\r\n" HOST ": b\r\n\r\n"), 400},
    {"non-ASCII name", RAW("GET /hello HTTP/1.1\r\n" HOST "X-\xc3\xa4: b\r\n\r\n"), 400},
    {"length and encoding",
     RAW(HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"encoding and length",
     RAW(HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), 400},
    {"encoding xchunked", RAW(HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 400},
    {"encoding chunkedx", RAW(HEAD "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n"), 400},
    {"encoding identity", RAW(HEAD "Transfer-Encoding: identity\r\n\r\n"), 400},
    {"encoding gzip, chunked", RAW(HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 400},
    {"encoding chunked, gzip", RAW(HEAD "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), 400},
    {"encoding chunked, chunked", RAW(HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
     400},
    {"encoding twice",
     RAW(HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"encoding twice, first hidden",
     RAW(HEAD "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"empty encoding", RAW(HEAD "Transfer-Encoding:\r\n\r\n0\r\n\r\n"), 400},
    {"encoding in quotes", RAW(HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), 400},
    {"encoding with vertical tab", RAW(HEAD "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"), 400},
    {"encoding in HTTP/1.0",
     RAW("POST /echo HTTP/1.0\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"blank before colon of encoding",
     RAW(HEAD "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), 400},

    {"bare LF everywhere", RAW("GET /hello HTTP/1.1\nHost: a\n\n"), 400},
    {"bare LF after the request line", RAW("GET /hello HTTP/1.1\n" HOST "\r\n"), 400},
    {"bare LF after a field", RAW("GET /hello HTTP/1.1\r\nHost: a\n\r\n"), 400},
    {"bare LF at the end", RAW("GET /hello HTTP/1.1\r\n" HOST "\n"), 400},
    {"bare LF that hides a length", RAW(HEAD "X: y\nContent-Length: 2\r\n\r\n"), 400},
    {"bare CR in a value", RAW("GET /hello HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n"), 400},
    {"bare CR before a name", RAW("GET /hello HTTP/1.1\r\n" HOST "\rX: a\r\n\r\n"), 400},
    {"CR CR LF", RAW("GET /hello HTTP/1.1\r\n" HOST "X: a\r\r\n\r\n"), 400},
    {"CR and something at the end", RAW("GET /hello HTTP/1.1\r\n" HOST "\rX\r\n\r\n"), 400},
    {"folded line", RAW("GET /hello HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"), 400},
    {"folded with tab", RAW("GET /hello HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n"), 400},
    {"folded length", RAW(HEAD "Content-Length:\r\n 2\r\n\r\n{}"), 400},
    {"folded encoding", RAW(HEAD "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"), 400},
    {"folded first line", RAW("GET /hello HTTP/1.1\r\n X: a\r\n" HOST "\r\n"), 400},
    {"NUL in a value", RAW("GET /hello HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"), 400},
    {"NUL in a name", RAW("GET /hello HTTP/1.1\r\n" HOST "X\0: a\r\n\r\n"), 400},
    {"NUL in the target", RAW("GET /hel\0lo HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"control character in a value", RAW("GET /hello HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n"), 400},
    {"escape in a value", RAW("GET /hello HTTP/1.1\r\n" HOST "X: \x1b[1m\r\n\r\n"), 400},
    {"DEL in a value", RAW("GET /hello HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n"), 400},

    {"no Host", RAW("GET /hello HTTP/1.1\r\n\r\n"), 400},
    {"two Hosts", RAW("GET /hello HTTP/1.1\r\n" HOST "Host: b\r\n\r\n"), 400},
    {"two equal Hosts", RAW("GET /hello HTTP/1.1\r\n" HOST HOST "\r\n"), 400},
    {"empty Host", RAW("GET /hello HTTP/1.1\r\nHost:\r\n\r\n"), 400},
    {"Host with blank", RAW("GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n"), 400},
    {"Host with path", RAW("GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400},
    {"Host with odd separator", RAW("GET /hello HTTP/1.1\r\nHost: a/80\r\n\r\n"), 400},
    {"Host with user", RAW("GET /hello HTTP/1.1\r\nHost: u@a\r\n\r\n"), 400},
    {"Host with odd port", RAW("GET /hello HTTP/1.1\r\nHost: a:8x\r\n\r\n"), 400},
    {"Host list", RAW("GET /hello HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400},
    {"Host non-ASCII", RAW("GET /hello HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n"), 400},
    {"two Hosts in 1.0", RAW("GET /hello HTTP/1.0\r\n" HOST HOST "\r\n"), 400},

    {"blank in target", RAW("GET /hello x HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"two blanks before target", RAW("GET  /hello HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"two blanks after target", RAW("GET /hello  HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"blank after version", RAW("GET /hello HTTP/1.1 \r\n" HOST "\r\n"), 400},
    {"blank before method", RAW(" GET /hello HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"tab as separator", RAW("GET\t/hello HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"tab in target", RAW("GET /hello\tx HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"non-ASCII target", RAW("GET /h\xc3\xa4llo HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"fragment", RAW("GET /hello#x HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"no target", RAW("GET HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"empty target", RAW("GET  HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"relative target", RAW("GET hello HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"authority as target", RAW("CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"absolute with user", RAW("GET http://u@a/hello HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"absolute without host", RAW("GET http:///hello HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"absolute of another scheme", RAW("GET ftp://a/hello HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"absolute without Host field", RAW("GET http://a/hello HTTP/1.1\r\n\r\n"), 400},
    {"HTTP/0.9", RAW("GET /hello\r\n\r\n"), 400},
    {"HTTP/1.2", RAW("GET /hello HTTP/1.2\r\n" HOST "\r\n"), 400},
    {"HTTP/2.0", RAW("GET /hello HTTP/2.0\r\n" HOST "\r\n"), 400},
    {"HTTP/11", RAW("GET /hello HTTP/11\r\n" HOST "\r\n"), 400},
    {"HTTP/1.10", RAW("GET /hello HTTP/1.10\r\n" HOST "\r\n"), 400},
    {"http/1.1", RAW("GET /hello http/1.1\r\n" HOST "\r\n"), 400},
    {"RTSP", RAW("GET /hello RTSP/1.1\r\n" HOST "\r\n"), 400},
    {"HTTP/2 preface", RAW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400},
    {"method that is no token", RAW("G@T /hello HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"two empty lines first", RAW("\r\n\r\n" GOOD), 400},
    {"bare LF first", RAW("\n" GOOD), 400},
    {"bare CR first", RAW("\rGET /hello HTTP/1.1\r\n" HOST "\r\n"), 400},

    {"chunk size 0x2", RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n"), 400},
    {"chunk size +2", RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n"), 400},
    {"chunk size -2", RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n"), 400},
    {"empty chunk size", RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n"), 400},
    {"blank before chunk size", RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n 2\r\n{}\r\n0\r\n\r\n"),
     400},
    {"blank after chunk size", RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n"),
     400},
    {"chunk size of 17 digits",
     RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n"), 400},
    {"chunk ends with bare LF", RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n"),
     400},
    {"chunk size ends with bare LF",
     RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n"), 400},
    {"chunk longer than its size",
     RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n"), 400},
    {"bare LF in an extension",
     RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2;a\n\r\n{}\r\n0\r\n\r\n"), 400},
    {"last line ends with bare LF",
     RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\n"), 400},
    {"trailer ends with bare LF",
     RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\n\r\n"), 400},
    {"trailer is folded",
     RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n A: b\r\n\r\n"), 400},
    {"CR and something ends the body",
     RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\rX"), 400},

    {"body over the limit by its length", RAW(HEAD "Content-Length: 65\r\n\r\n{}"), 413},
    {"huge length", RAW(HEAD "Content-Length: 9223372036854775807\r\n\r\n{}"), 413},
    {"body over the limit by its chunks", RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n41\r\n{}"),
     413},
    {"body where none is allowed",
     RAW("GET /hello HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"), 413},
    {"unknown path with body", RAW("POST /no HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"),
     404},
    {"wrong method with body", RAW("PUT /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"),
     405},
    {"no media type", RAW("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"), 415},
    {"wrong media type",
     RAW("POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2\r\n\r\n{}"),
     415},
    {"media type that starts alike",
     RAW("POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: application/jsonp\r\nContent-Length: 2\r\n\r\n{}"),
     415},
    {"other expectation with body", RAW(HEAD "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}"), 417},
};

/* Accepted, and the connection goes on. */
static const struct raw_case accepted[] = {
    {"plain", RAW(GOOD), 200},
    {"one empty line first", RAW("\r\n" GOOD), 200},
    {"body", RAW(HEAD "Content-Length: 2\r\n\r\n{}"), 200},
    {"body of zero bytes", RAW(HEAD "Content-Length: 0\r\n\r\n"), 200},
    {"no body, no length", RAW("POST /echo HTTP/1.1\r\n" HOST "\r\n"), 200},
    {"body at the limit",
     RAW(HEAD "Content-Length: 64\r\n\r\n"
              "0123456789012345678901234567890123456789012345678901234567890123"),
     200},
    {"blanks around a length", RAW(HEAD "Content-Length:   2  \r\n\r\n{}"), 200},
    {"no blank behind the colon", RAW(HEAD "Content-Length:2\r\n\r\n{}"), 200},
    {"chunked", RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), 200},
    {"Chunked", RAW(HEAD "Transfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), 200},
    {"chunk extension and trailer",
     RAW(HEAD "Transfer-Encoding: chunked\r\n\r\n02;a=\"b c\"\r\n{}\r\n000\r\nX-A: b\r\n\r\n"),
     200},
    {"media type with parameter",
     RAW("POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: Application/JSON ; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"),
     200},
    {"absolute form", RAW("GET http://a:80/hello HTTP/1.1\r\n" HOST "\r\n"), 200},
    {"absolute form with query", RAW("GET HTTP://a/hello?x=1 HTTP/1.1\r\n" HOST "\r\n"), 200},
    {"absolute form without path", RAW("GET http://a HTTP/1.1\r\n" HOST "\r\n"), 404},
    {"Host with port", RAW("GET /hello HTTP/1.1\r\nHost: a.b-c:8080\r\n\r\n"), 200},
    {"Host is an IPv6 address", RAW("GET /hello HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"), 200},
    {"field of bytes above 127", RAW("GET /hello HTTP/1.1\r\n" HOST "X: \xc3\xa4\r\n\r\n"), 200},
    {"empty field", RAW("GET /hello HTTP/1.1\r\n" HOST "X:\r\nY: \r\n\r\n"), 200},
    {"empty field last before HOST", RAW("GET /hello HTTP/1.1\r\nX:\r\n" HOST "\r\n"), 200},
    {"upgrade is ignored",
     RAW("GET /hello HTTP/1.1\r\n" HOST "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"), 200},
    {"unknown path", RAW("GET /no HTTP/1.1\r\n" HOST "\r\n"), 404},
    {"empty last segment", RAW("GET /hello/ HTTP/1.1\r\n" HOST "\r\n"), 404},
    {"empty parameter", RAW("GET /hold/ HTTP/1.1\r\n" HOST "\r\n"), 404},
    {"wrong method", RAW("DELETE /hello HTTP/1.1\r\n" HOST "\r\n"), 405},
    {"method nobody knows", RAW("BREW /hello HTTP/1.1\r\n" HOST "\r\n"), 405},
    {"method that starts alike", RAW("GETX /hello HTTP/1.1\r\n" HOST "\r\n"), 405},
    {"method of another protocol", RAW("DESCRIBE /hello HTTP/1.1\r\n" HOST "\r\n"), 405},
    {"method in lower case", RAW("get /hello HTTP/1.1\r\n" HOST "\r\n"), 405},
    {"method nobody knows, unknown path", RAW("BREW /no HTTP/1.1\r\n" HOST "\r\n"), 404},
    {"OPTIONS *", RAW("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 404},
    {"other expectation without body", RAW("GET /hello HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n\r\n"),
     417},
};

static void check_refused(struct world *world, const struct raw_case *raw, const char *how,
                          bool slowly, const char *behind)
{
    struct client client = client_open(world);
    int handled = world->handled;

    if (slowly)
        client_send_slowly(world, &client, raw->bytes, raw->len);
    else
        client_send(&client, raw->bytes, raw->len);
    client_send_text(&client, behind);
    for (int64_t start_us = clock_monotonic_us();
         !client_is_closed(&client) && clock_monotonic_us() - start_us < WORLD_PATIENCE_US;)
        world_turn(world);
    if (client_answers(&client) != 1 || client_status(&client, 0) != raw->status ||
        world->handled != handled || !client.closed || client.reset)
        fail_msg("%s, %s: expected one %d and a clean close, saw %d answers, reset %d, "
                 "%d handled:\n%s",
                 raw->name, how, raw->status, client_answers(&client), client.reset,
                 world->handled - handled, client.got.data != NULL ? client.got.data : "");
    assert_non_null(strstr(client.got.data, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(client.got.data, "\r\nContent-Type: application/problem+json\r\n"));
    client_close(&client);
}

static void refused_once(void **state)
{
    struct http_server_config config = world_config();
    struct world world;

    (void)state;
    world_start(&world, &config);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        check_refused(&world, &refused[i], "whole", false, "");
        check_refused(&world, &refused[i], "byte by byte", true, "");
        check_refused(&world, &refused[i], "with a request behind", false, GOOD GOOD);
    }
    WORLD_UNTIL(&world, http_server_connections(world.server) == 0);
    world_end(&world);
}

static void check_accepted(struct world *world, const struct raw_case *raw, const char *how,
                           bool slowly)
{
    struct client client = client_open(world);

    if (slowly)
        client_send_slowly(world, &client, raw->bytes, raw->len);
    else
        client_send(&client, raw->bytes, raw->len);
    WORLD_UNTIL(world, client_answers(&client) == 1 || client_is_closed(&client));
    if (client_status(&client, 0) != raw->status || client.closed)
        fail_msg("%s, %s: expected %d and an open connection, saw (closed %d):\n%s", raw->name, how,
                 raw->status, client.closed, client.got.data != NULL ? client.got.data : "");
    client_send_text(&client, GOOD);
    client_expect(world, &client, 1, 200, "{}");
    client_close(&client);
}

static void accepted_and_kept(void **state)
{
    struct http_server_config config = world_config();
    struct world world;

    (void)state;
    world_start(&world, &config);
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        check_accepted(&world, &accepted[i], "whole", false);
        check_accepted(&world, &accepted[i], "byte by byte", true);
    }
    world_end(&world);
}

/* The head may have max_head_bytes and HTTP_MAX_FIELDS lines, and not one more. */
static void head_limits(void **state)
{
    struct http_server_config config = world_config();
    struct world world;
    struct raw_case raw = {.name = "head limits", .status = 431};
    struct strbuf text = STRBUF_INIT;

    (void)state;
    world_start(&world, &config);
    for (size_t extra = 0; extra < 2; extra++) {
        strbuf_clear(&text);
        strbuf_add_text(&text, "GET /hello HTTP/1.1\r\n" HOST "X: ");
        while (text.len < config.max_head_bytes - 4 + extra)
            strbuf_add_text(&text, "x");
        strbuf_add_text(&text, "\r\n\r\n");
        raw.bytes = text.data;
        raw.len = text.len;
        raw.status = extra == 0 ? 200 : 431;
        if (extra == 0)
            check_accepted(&world, &raw, "head at the limit", false);
        else
            check_refused(&world, &raw, "head over the limit", true, GOOD);
    }
    for (int extra = 0; extra < 2; extra++) {
        strbuf_clear(&text);
        strbuf_add_text(&text, "GET /hello HTTP/1.1\r\n" HOST);
        for (int i = 1; i < HTTP_MAX_FIELDS + extra; i++)
            strbuf_addf(&text, "X-%d: y\r\n", i);
        strbuf_add_text(&text, "\r\n");
        raw.bytes = text.data;
        raw.len = text.len;
        raw.status = extra == 0 ? 200 : 431;
        if (extra == 0)
            check_accepted(&world, &raw, "fields at the limit", true);
        else
            check_refused(&world, &raw, "fields over the limit", true, GOOD);
    }
    strbuf_free(&text);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_once),
        cmocka_unit_test(accepted_and_kept),
        cmocka_unit_test(head_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
