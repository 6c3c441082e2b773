/* Who a client is behind proxies: as far to the left as trusted ones vouch for, and no further. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/limit/client_address.h"

static struct http_slice slice(const char *text)
{
    return (struct http_slice){text, strlen(text)};
}

static struct ip_address address_of(const char *text)
{
    struct ip_address address;

    assert_true(ip_address_parse(text, strlen(text), &address));
    return address;
}

static void expect_client(enum forwarded_by by, const char *peer, const char *const values[],
                          const char *expected)
{
    struct trusted_proxies proxies = {.count = 2, .by = by};
    struct ip_address from = address_of(peer), client, wanted = address_of(expected);
    struct http_request request = {.field_count = 0};

    assert_true(ip_range_parse("10.0.0.0/8", &proxies.ranges[0]));
    assert_true(ip_range_parse("2001:db8:a::/48", &proxies.ranges[1]));
    for (size_t i = 0; i < 3 && values[i]; i++)
        request.fields[request.field_count++] = (struct http_field){
            slice(by == FORWARDED_X ? "x-forwarded-for" : "forwarded"), slice(values[i])};
    /* what the other field says is the client's word */
    request.fields[request.field_count++] =
        (struct http_field){slice(by == FORWARDED_X ? "forwarded" : "x-forwarded-for"),
                            slice(by == FORWARDED_X ? "for=6.6.6.6" : "6.6.6.6")};
    client_address_find(&proxies, &from, &request, &client);
    if (memcmp(&client, &wanted, sizeof client) != 0)
        fail_msg("%s, \"%s\": expected %s", peer, values[0] ? values[0] : "", expected);
}

static void x_forwarded_for_is_read_from_the_right(void **state)
{
    static const struct {
        const char *peer, *values[3], *client;
    } rows[] = {
        {"192.0.2.1", {"1.1.1.1"}, "192.0.2.1"}, /* not from a proxy of ours */
        {"10.0.0.1", {NULL}, "10.0.0.1"},
        {"10.0.0.1", {"1.1.1.1"}, "1.1.1.1"},
        {"10.0.0.1", {"9.9.9.9, 1.1.1.1"}, "1.1.1.1"}, /* the rest is the client's own word */
        {"10.0.0.1", {"9.9.9.9", "1.1.1.1"}, "1.1.1.1"},
        {"10.0.0.1", {"1.1.1.1, 10.2.2.2"}, "1.1.1.1"},
        {"10.0.0.1", {"9.9.9.9,1.1.1.1,10.2.2.2,\t10.3.3.3 "}, "1.1.1.1"},
        {"10.0.0.1", {"9.9.9.9", "1.1.1.1, 10.2.2.2", "10.3.3.3"}, "1.1.1.1"},
        {"10.0.0.1", {"10.9.9.9, 10.2.2.2"}, "10.9.9.9"},
        {"10.0.0.1", {"1.1.1.1:4711"}, "1.1.1.1"},
        {"2001:db8:a::1", {"[2001:db8:b::1]:4711"}, "2001:db8:b::1"},
        {"::ffff:10.0.0.1", {"2001:db8:b::1"}, "2001:db8:b::1"},
        {"10.0.0.1", {"1.1.1.1, unknown"}, "10.0.0.1"},
        {"10.0.0.1", {"1.1.1.1, nonsense, 10.2.2.2"}, "10.2.2.2"},
        {"10.0.0.1", {"1.1.1.1,"}, "10.0.0.1"},
        {"10.0.0.1", {""}, "10.0.0.1"},
        {"10.0.0.1", {"\"1.1.1.1\""}, "10.0.0.1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_client(FORWARDED_X, rows[i].peer, rows[i].values, rows[i].client);
}

static void forwarded_is_read_from_the_right(void **state)
{
    static const struct {
        const char *peer, *values[3], *client;
    } rows[] = {
        {"10.0.0.1", {"for=1.1.1.1"}, "1.1.1.1"},
        {"10.0.0.1", {"For=\"1.1.1.1:80\";proto=https;by=10.0.0.1"}, "1.1.1.1"},
        {"10.0.0.1", {"by=\"a,b;for=9.9.9.9\" ; for=1.1.1.1"}, "1.1.1.1"},
        {"10.0.0.1", {"for=9.9.9.9, for=1.1.1.1, for=10.2.2.2"}, "1.1.1.1"},
        {"10.0.0.1", {"for=9.9.9.9", "for=\"[2001:db8:b::1]\""}, "2001:db8:b::1"},
        {"10.0.0.1", {"for=1.1.1.1, for=_hidden"}, "10.0.0.1"},
        {"10.0.0.1", {"for=1.1.1.1, for=unknown"}, "10.0.0.1"},
        {"10.0.0.1", {"for=1.1.1.1, proto=https"}, "10.0.0.1"},
        {"10.0.0.1", {"for=\"1.1.1.1"}, "10.0.0.1"},
        {"10.0.0.1", {"for=1.1.1.1, by=\"\\\",for=9.9.9.9\""}, "10.0.0.1"},
        {"10.0.0.1", {"1.1.1.1"}, "10.0.0.1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_client(FORWARDED_RFC7239, rows[i].peer, rows[i].values, rows[i].client);
}

/* More hops than are kept: those next to us count. */
static void a_long_list_is_read_from_its_end(void **state)
{
    static char text[4096] = "9.9.9.9";
    const char *const values[3] = {text};
    size_t len = strlen(text);

    (void)state;
    for (int i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, ", 1.1.1.%d", i);
    len += (size_t)snprintf(text + len, sizeof text - len, ", 10.1.1.1");
    expect_client(FORWARDED_X, "10.0.0.1", values, "1.1.1.99");
    for (int i = 0; i < 40; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, ", 10.1.1.%d", i);
    expect_client(FORWARDED_X, "10.0.0.1", values, "10.1.1.8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x_forwarded_for_is_read_from_the_right),
        cmocka_unit_test(forwarded_is_read_from_the_right),
        cmocka_unit_test(a_long_list_is_read_from_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
