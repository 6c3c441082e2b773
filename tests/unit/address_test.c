/* An address to listen on is numeric IPv4 or bracketed IPv6 and a port, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/address.h"

static void addresses_are_read(void **state)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080},
        {"0.0.0.0:0", "0.0.0.0", 0},
        {"255.255.255.255:65535", "255.255.255.255", 65535},
        {"127.0.0.1:00080", "127.0.0.1", 80},
        {"[::1]:8080", "::1", 8080},
        {"[::]:1", "::", 1},
        {"[2001:db8::8:800:200c:417a]:443", "2001:db8::8:800:200c:417a", 443},
        {"[::ffff:192.0.2.1]:80", "::ffff:192.0.2.1", 80},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
         "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address address;

        memset(&address, 'x', sizeof address);
        if (!address_parse(rows[i].text, &address))
            fail_msg("%s was refused", rows[i].text);
        assert_string_equal(address.host, rows[i].host);
        assert_int_equal(address.port, rows[i].port);
    }
}

static void all_else_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        ":",
        ":8080",
        "8080",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:99999",
        "127.0.0.1:100000",
        "127.0.0.1:000080",
        "127.0.0.1:4294967376",
        "127.0.0.1:18446744073709551696",
        "127.0.0.1:-1",
        "127.0.0.1:+80",
        "127.0.0.1: 80",
        "127.0.0.1:80 ",
        "127.0.0.1:80x",
        "127.0.0.1:0x50",
        "127.0.0.1 :80",
        " 127.0.0.1:80",
        "127.0.0:80",
        "127.0.0.256:80",
        "127.0.0.1.1:80",
        "localhost:80",
        "*:80",
        "::1:80",
        "::1",
        "[::1]",
        "[::1]80",
        "[::1:80",
        "::1]:80",
        "[:80",
        "[]:80",
        "[]",
        "[",
        "[::1]]:80",
        "[[::1]]:80",
        "[::1]x:80",
        "[127.0.0.1]:80",
        "[::1%lo]:80",
        "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee]:80",
        "1111111111111111111111111111111111111111111111111111111111111111:80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct address address;

        if (address_parse(texts[i], &address))
            fail_msg("\"%s\" passed as %s, port %u", texts[i], address.host, address.port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(all_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
