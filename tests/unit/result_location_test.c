/* A record's place goes through resultUrl and back; it comes from clients, so anything else is
 * refused. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/result_location.h"
#include "tests/unit/random.h"

static void expect_round_trip(struct result_location location)
{
    struct strbuf text = STRBUF_INIT;
    struct result_location seen = RESULT_LOCATION_NONE;

    result_location_write(location, &text);
    if (!result_location_parse(text.data, text.len, &seen) ||
        seen.partition != location.partition || seen.offset != location.offset)
        fail_msg("%" PRId32 ".%" PRId64 " as \"%s\" is read as %" PRId32 ".%" PRId64,
                 location.partition, location.offset, text.data, seen.partition, seen.offset);
    strbuf_free(&text);
}

static void what_was_written_is_read(void **state)
{
    uint64_t random = 1;
    struct strbuf text = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&text, "?at=");
    result_location_write((struct result_location){2, 4711}, &text);
    assert_string_equal(text.data, "?at=2.4711");
    strbuf_free(&text);
    expect_round_trip((struct result_location){0, 0});
    expect_round_trip((struct result_location){INT32_MAX, INT64_MAX});
    expect_round_trip((struct result_location){INT32_MAX, INT64_MAX - 1});
    expect_round_trip((struct result_location){0, INT64_C(1000000000000000000)});
    for (int i = 0; i < 10000; i++)
        expect_round_trip((struct result_location){(int32_t)random_between(&random, 0, INT32_MAX),
                                                   (int64_t)random_between(&random, 0, INT64_MAX)});
}

static void all_else_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        ".",
        "1",
        "1.",
        ".1",
        "1..2",
        "1.2.",
        "1.2.3",
        "-1.2",
        "1.-2",
        "+1.2",
        "1.+2",
        " 1.2",
        "1.2 ",
        "1 .2",
        "1,2",
        "a.2",
        "1.a",
        "1.2a",
        "0x1.2",
        "1.0x2",
        "%31.2",
        "2147483648.1",
        "4294967297.1",
        "18446744073709551617.1",
        "1.9223372036854775808",
        "1.18446744073709551617",
        "1.99999999999999999999",
        "1.00000000000000000000001",
        "none",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct result_location location = {7, 7};

        if (result_location_parse(texts[i], strlen(texts[i]), &location))
            fail_msg("\"%s\" passed as %" PRId32 ".%" PRId64, texts[i], location.partition,
                     location.offset);
        if (location.partition != 7 || location.offset != 7)
            fail_msg("\"%s\" was refused and changed the location", texts[i]);
    }
    assert_false(result_location_parse("1.2\0", 4, &(struct result_location){0, 0}));
}

/* Bytes behind the length are not looked at. */
static void the_length_counts(void **state)
{
    struct result_location location;

    (void)state;
    assert_true(result_location_parse("1.234", 3, &location));
    assert_int_equal(location.partition, 1);
    assert_int_equal(location.offset, 2);
    assert_false(result_location_parse("1.234", 2, &location));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(all_else_is_refused),
        cmocka_unit_test(the_length_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
