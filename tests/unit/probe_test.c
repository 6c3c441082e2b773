/* A probe asks where the program listens, and believes no answer but HTTP's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/management/probe.h"

static void loopback_stands_for_all_addresses(void **state)
{
    static const struct {
        const char *listen, *host;
    } rows[] = {
        {"0.0.0.0:8081", "127.0.0.1"},
        {"[::]:8081", "::1"},
        {"127.0.0.2:8081", "127.0.0.2"},
        {"[::1]:8081", "::1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address listen, address;

        assert_true(address_parse(rows[i].listen, &listen));
        address = probe_address(&listen);
        assert_string_equal(address.host, rows[i].host);
        assert_int_equal(address.port, 8081);
    }
}

static void an_answer_is_taken_apart(void **state)
{
    static const struct {
        const char *answer;
        unsigned status;
        const char *body;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", 200, "ok\n"},
        {"HTTP/1.1 503 Service Unavailable\r\n\r\nno", 503, "no"},
        {"HTTP/1.1 200 OK\r\n\r\n", 200, ""},
        {"HTTP/1.1 200 OK\r\nContent-Len", 0, ""},
        {"HTTP/1.0 200 OK\r\n\r\nok", 0, ""},
        {"HTTP/1.1 2x0 OK\r\n\r\nok", 0, ""},
        {"HTTP/1.1 2000 OK\r\n\r\nok", 0, NULL},
        {"HTTP/1.1 \r\n\r\n", 0, NULL},
        {"SSH-2.0-OpenSSH_9.2\r\n", 0, ""},
        {"", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *body;
        unsigned status = probe_read_answer(rows[i].answer, &body);

        if (status != rows[i].status)
            fail_msg("\"%s\": expected %u, saw %u", rows[i].answer, rows[i].status, status);
        if (rows[i].body)
            assert_string_equal(body, rows[i].body);
    }
}

static void nobody_there_is_said(void **state)
{
    const struct address nobody = {.host = "127.0.0.1", .port = 1};
    struct strbuf said = STRBUF_INIT;

    (void)state;
    assert_int_equal(probe_ask(&nobody, "/readyz", 1000, &said), 0);
    assert_string_equal(said.data, "Connection refused");
    strbuf_free(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_stands_for_all_addresses),
        cmocka_unit_test(an_answer_is_taken_apart),
        cmocka_unit_test(nobody_there_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
