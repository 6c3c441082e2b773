/* Addresses and ranges as people and proxies write them, and nothing that only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/limit/ip_range.h"

static struct ip_address address_of(const char *text)
{
    struct ip_address address;

    if (!ip_address_parse(text, strlen(text), &address))
        fail_msg("%s is no address", text);
    return address;
}

static void an_address_is_read(void **state)
{
    static const struct {
        const char *text, *same;
    } rows[] = {
        {"192.0.2.1", "::ffff:192.0.2.1"},
        {"192.0.2.1:80", "192.0.2.1"},
        {"192.0.2.1:65535", "192.0.2.1"},
        {"[2001:db8::1]", "2001:db8:0:0:0:0:0:1"},
        {"[2001:DB8::1]:443", "2001:db8::1"},
        {"::ffff:c000:201", "192.0.2.1"},
        {"::", "0::0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ip_address one = address_of(rows[i].text), other = address_of(rows[i].same);

        assert_memory_equal(&one, &other, sizeof one);
    }
}

static void other_texts_are_no_address(void **state)
{
    static const char *const texts[] = {
        "",
        "unknown",
        "_hidden",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.01",
        "192.0.2.1:",
        "192.0.2.1:x",
        "192.0.2.1:123456",
        "[192.0.2.1]",
        "[::1",
        "::1]",
        "[::1]x",
        "[::1]:",
        "[]",
        "[:]",
        "2001:db8::1::2",
        "fe80::1%eth0",
        " 192.0.2.1",
        "192.0.2.1 ",
        "0x7f.1",
        "2130706433",
        "localhost",
        "1.2.3.4.5",
        ":80",
        "2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001",
    };
    struct ip_address address;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (ip_address_parse(texts[i], strlen(texts[i]), &address))
            fail_msg("\"%s\" was taken", texts[i]);
    assert_false(ip_address_parse("192.0.2.1\0", 10, &address));
}

static void a_range_holds_its_addresses(void **state)
{
    static const struct {
        const char *range, *inside, *outside;
    } rows[] = {
        {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
        {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
        {"192.0.2.7", "192.0.2.7", "192.0.2.6"},
        {"192.0.2.7/32", "::ffff:192.0.2.7", "192.0.2.8"},
        {"0.0.0.0/0", "255.255.255.255", "2001:db8::1"},
        {"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
        {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
        {"2001:db8::1", "2001:db8::1", "2001:db8::2"},
        {"::/0", "192.0.2.1", NULL},
        {"::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0"},
    };
    static const char *const bad[] = {
        "",           "/8",           "10.0.0.0/",   "10.0.0.0/33", "10.0.0.0/08",
        "10.0.0.1/8", "10.0.0.0/-1",  "10.0.0.0/8 ", "::/129",      "2001:db8::1/64",
        "[::1]/128",  "10.0.0.0/8/8", "example.org"};
    struct ip_range range;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ip_address inside = address_of(rows[i].inside);
        struct ip_address outside = address_of(rows[i].outside ? rows[i].outside : "::");

        assert_true(ip_range_parse(rows[i].range, &range));
        if (!ip_range_has(&range, &inside))
            fail_msg("%s is not in %s", rows[i].inside, rows[i].range);
        if (rows[i].outside && ip_range_has(&range, &outside))
            fail_msg("%s is in %s", rows[i].outside, rows[i].range);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (ip_range_parse(bad[i], &range))
            fail_msg("\"%s\" was taken", bad[i]);
}

static void an_ipv6_network_is_one_customer(void **state)
{
    struct ip_address one = address_of("2001:db8:1:2:3:4:5:6"),
                      other = address_of("2001:db8:1:2::");
    struct ip_address four = address_of("192.0.2.1"), same = four;

    (void)state;
    ip_address_group(&one);
    assert_memory_equal(&one, &other, sizeof one);
    ip_address_group(&four);
    assert_memory_equal(&four, &same, sizeof four);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_read),
        cmocka_unit_test(other_texts_are_no_address),
        cmocka_unit_test(a_range_holds_its_addresses),
        cmocka_unit_test(an_ipv6_network_is_one_customer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
