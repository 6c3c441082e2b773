/* Goal: handlers get exact values out of a request: ids without rounding, parameters without
 * guessing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/http/http_request.h"

static struct http_slice slice(const char *text)
{
    return (struct http_slice){text, strlen(text)};
}

static void ids(void **state)
{
    static const struct {
        const char *text;
        uint64_t id; /* 0: refused */
    } cases[] = {
        {"1", 1},
        {"16", 16},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", 0},
        {"18446744073709551617", 0},
        {"99999999999999999999", 0},
        {"", 0},
        {"0", 0},
        {"01", 0},
        {"+1", 0},
        {"-1", 0},
        {" 1", 0},
        {"1 ", 0},
        {"1.0", 0},
        {"1e3", 0},
        {"0x1", 0},
        {"%31", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t id = 0;
        bool accepted = http_slice_id(slice(cases[i].text), &id);

        if (accepted != (cases[i].id != 0) || id != cases[i].id)
            fail_msg("\"%s\": expected %llu, saw %llu", cases[i].text,
                     (unsigned long long)cases[i].id, (unsigned long long)id);
    }
}

static void comparing(void **state)
{
    (void)state;
    assert_true(http_slice_is(slice("abc"), "abc"));
    assert_false(http_slice_is(slice("abc"), "abcd"));
    assert_false(http_slice_is(slice("abcd"), "abc"));
    assert_false(http_slice_is(slice("Abc"), "abc"));
    assert_true(http_slice_is((struct http_slice){"abcdef", 3}, "abc"));
    assert_true(http_slice_is_nocase(slice("ChunKed"), "chunked"));
    assert_false(http_slice_is_nocase(slice("chunke"), "chunked"));
    assert_false(http_slice_is_nocase(slice("chunkedd"), "chunked"));
    assert_false(http_slice_is_nocase(slice("@"), "`"));
}

static void fields(void **state)
{
    struct http_request request = {.field_count = 3};

    (void)state;
    request.fields[0] = (struct http_field){slice("host"), slice("a")};
    request.fields[1] = (struct http_field){slice("x-tag"), slice("first")};
    request.fields[2] = (struct http_field){slice("x-tag"), slice("second")};
    assert_true(http_slice_is(*http_request_field(&request, "x-tag"), "first"));
    assert_null(http_request_field(&request, "x-ta"));
    assert_null(http_request_field(&request, "x-tagg"));
}

static void queries(void **state)
{
    static const struct {
        const char *query;
        const char *value; /* of "wait"; NULL: not there */
        bool twice;
    } cases[] = {
        {"", NULL, false},         {"wait=5", "5", false},       {"a=1&wait=5&b=2", "5", false},
        {"wait", "", false},       {"wait=", "", false},         {"wait=5=6", "5=6", false},
        {"&&wait=5&", "5", false}, {"wait=5&wait=6", "5", true}, {"wait&wait", "", true},
        {"waits=5", NULL, false},  {"xwait=5", NULL, false},     {"Wait=5", NULL, false},
        {"a=wait", NULL, false},   {"wai%74=5", NULL, false},    {"wait=%35", "%35", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_request request = {.query = slice(cases[i].query)};
        struct http_slice value = slice("unset");
        bool twice;
        bool found = http_request_query(&request, "wait", &value, &twice);

        if (found != (cases[i].value != NULL) || twice != cases[i].twice ||
            (found && !http_slice_is(value, cases[i].value)))
            fail_msg("\"%s\": saw found=%d twice=%d value=%.*s", cases[i].query, found, twice,
                     (int)value.len, value.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids),
        cmocka_unit_test(comparing),
        cmocka_unit_test(fields),
        cmocka_unit_test(queries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
