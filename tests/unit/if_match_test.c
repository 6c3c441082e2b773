/* Which versions a client's If-Match means. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/if_match.h"

static bool read(const char *value, struct if_match *if_match)
{
    static struct http_request request;

    request = (struct http_request){0};
    if (value) {
        request.fields[0].name = (struct http_slice){"if-match", 8};
        request.fields[0].value = (struct http_slice){value, strlen(value)};
        request.field_count = 1;
    }
    return if_match_read(&request, if_match);
}

static void a_tag_fits_its_version_and_no_other(void **state)
{
    static const struct {
        const char *value;
        uint32_t fits, misses; /* 0: none such */
    } table[] = {
        {NULL, 7, 0},
        {"*", 7, 0},
        {"\"7\"", 7, 8},
        {"\"4294967295\"", UINT32_MAX, 1},
        {"\"4294967303\"", 0, 7}, /* not cut down to 32 bits */
        {"\"1\", \"7\"", 7, 8},
        {"\"1\",\t\"7\"", 1, 8},
        {"\"1\" , \"abc\" ,\"7\"", 7, 8},
        {"W/\"7\"", 0, 7},
        {"W/\"1\", \"7\"", 7, 1},
        {"\"07\"", 0, 7},
        {"\"\"", 0, 7},
        {"\"-7\"", 0, 7},
    };
    struct if_match if_match;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!read(table[i].value, &if_match))
            fail_msg("%s was refused", table[i].value);
        assert_int_equal(if_match.given, table[i].value != NULL);
        if (table[i].fits && !if_match_fits(&if_match, table[i].fits))
            fail_msg("%s does not fit %" PRIu32, table[i].value, table[i].fits);
        if (table[i].misses && if_match_fits(&if_match, table[i].misses))
            fail_msg("%s fits %" PRIu32, table[i].value, table[i].misses);
    }
}

static void what_is_no_list_of_tags_is_refused(void **state)
{
    static const char *const table[] = {
        "",         "7",           "\"7", "\"7\",", ",\"7\"", "\"7\" \"8\"", "w/\"7\"",
        "* ,\"7\"", "\"7\";\"8\"", "W/",  "W",      "\"",     "**",
    };
    struct if_match if_match;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (read(table[i], &if_match))
            fail_msg("%s was taken", table[i]);
}

static void more_tags_than_there_is_room_for_are_read_over(void **state)
{
    struct if_match if_match;

    (void)state;
    assert_true(read("\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\"", &if_match));
    assert_true(if_match_fits(&if_match, 8));
    assert_false(if_match_fits(&if_match, 9));
}

static void two_fields_are_refused(void **state)
{
    struct http_request request = {.field_count = 2};
    struct if_match if_match;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        request.fields[i].name = (struct http_slice){"if-match", 8};
        request.fields[i].value = (struct http_slice){"\"7\"", 3};
    }
    assert_false(if_match_read(&request, &if_match));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tag_fits_its_version_and_no_other),
        cmocka_unit_test(what_is_no_list_of_tags_is_refused),
        cmocka_unit_test(more_tags_than_there_is_room_for_are_read_over),
        cmocka_unit_test(two_fields_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
