/* Lists of Sentinels and log-ins: read, or refused with what to give instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/redis/redis_address.h"
#include "common/redis/redis_options.h"

#define FOUR "a:1,b:2,c:3,d:4"

static void good_lists_are_read(void **state)
{
    struct redis_address addresses[REDIS_SENTINELS_MAX];
    size_t count;

    (void)state;
    assert_true(redis_address_list_parse("127.0.0.1:26379", addresses, &count));
    assert_int_equal(count, 1);
    assert_string_equal(addresses[0].host, "127.0.0.1");
    assert_int_equal(addresses[0].port, 26379);
    assert_true(redis_address_list_parse("s-1.example:1,[::1]:65535", addresses, &count));
    assert_int_equal(count, 2);
    assert_string_equal(addresses[0].host, "s-1.example");
    assert_string_equal(addresses[1].host, "::1");
    assert_int_equal(addresses[1].port, 65535);
    assert_true(redis_address_list_parse(FOUR "," FOUR "," FOUR "," FOUR, addresses, &count));
    assert_int_equal(count, REDIS_SENTINELS_MAX);
}

static void bad_lists_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "a",
        ":1",
        "a:",
        "a:0",
        "a:65536",
        "a:123456",
        "a:1,",
        ",a:1",
        "a:1,,b",
        "::1:80",
        "[]:80",
        "a: 1",
        "a b:1",
        "a:1 ,b:2",
        "a:+1",
        "a:1;b",
        "[::1]",
        "a:0x10",
        "a[:1",
        "a:1\n:",
        "[a:1",
        "redis://a:1/0",
        FOUR "," FOUR "," FOUR "," FOUR ",e:5",
    };
    struct redis_address addresses[REDIS_SENTINELS_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t count;

        if (redis_address_list_parse(texts[i], addresses, &count))
            fail_msg("\"%s\" is taken for %zu addresses", texts[i], count);
    }
}

static void a_host_has_its_limit(void **state)
{
    struct redis_address address;
    char host[REDIS_HOST_SIZE + 1];

    (void)state;
    memset(host, 'a', sizeof host);
    assert_true(redis_address_make(host, REDIS_HOST_SIZE - 1, 1, &address));
    assert_int_equal(strlen(address.host), REDIS_HOST_SIZE - 1);
    assert_false(redis_address_make(host, REDIS_HOST_SIZE, 1, &address));
    assert_false(redis_address_make("a\0b", 3, 1, &address));
    assert_false(redis_address_make("a", 1, -1, &address));
}

static void what_does_not_fit_together_is_said(void **state)
{
    static const struct {
        struct redis_options options;
        const char *part; /* of the message; NULL: good */
    } rows[] = {
        {{.host = "a"}, NULL},
        {{.password = "p"}, NULL},
        {{.username = "u", .password = "p"}, NULL},
        {{.username = "u"}, "--redis-password-file"},
        {{.sentinel_username = "u"}, "--redis-sentinel-password-file"},
        {{.sentinels = "a:1,b:2", .sentinel_password = "p"}, NULL},
        {{.sentinels = "a:1,b"}, "--redis-sentinels a:1,b: give 1 to 16 times HOST:PORT"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[256] = "";
        bool good = redis_options_check(&rows[i].options, error, sizeof error);

        if (good != !rows[i].part || (rows[i].part && !strstr(error, rows[i].part)))
            fail_msg("row %zu: saw %s \"%s\"", i, good ? "good" : "bad", error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lists_are_read),
        cmocka_unit_test(bad_lists_are_refused),
        cmocka_unit_test(a_host_has_its_limit),
        cmocka_unit_test(what_does_not_fit_together_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
