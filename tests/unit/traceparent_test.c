/* What the W3C recommendation calls valid is passed on; anything else is as if it had not come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract/traceparent.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define GOOD "00-" TRACE "-" PARENT "-01"

/* Memory of exactly that length, so that a sanitizer sees a read behind it. */
static bool reads(const char *text, char out[TRACEPARENT_SIZE])
{
    size_t len = strlen(text);
    char *bytes = malloc(len + 1);
    bool good;

    assert_non_null(bytes);
    memcpy(bytes, text, len);
    bytes[len] = '?';
    good = traceparent_read(bytes, len, out);
    free(bytes);
    return good;
}

static void a_good_one_is_kept(void **state)
{
    char out[TRACEPARENT_SIZE];

    (void)state;
    assert_true(reads(GOOD, out));
    assert_string_equal(out, GOOD);
    assert_true(reads("00-" TRACE "-" PARENT "-a3", out));
    assert_string_equal(out, "00-" TRACE "-" PARENT "-a3");
}

static void a_newer_one_is_read_as_far_as_we_know(void **state)
{
    char out[TRACEPARENT_SIZE];

    (void)state;
    assert_true(reads("cc-" TRACE "-" PARENT "-03-what-the-future-will-be-like", out));
    assert_string_equal(out, GOOD);
    assert_true(reads("01-" TRACE "-" PARENT "-fe", out));
    assert_string_equal(out, "00-" TRACE "-" PARENT "-00");
}

static void anything_else_is_none(void **state)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-0",
        GOOD "-",
        GOOD "-more",
        GOOD " ",
        " " GOOD,
        "ff-" TRACE "-" PARENT "-01",
        "0g-" TRACE "-" PARENT "-01",
        "00_" TRACE "-" PARENT "-01",
        "00-" TRACE "_" PARENT "-01",
        "00-" TRACE "-" PARENT "_01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-" TRACE "-" PARENT "-0x",
        "cc-" TRACE "-" PARENT "-01.more",
    };
    char out[TRACEPARENT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (reads(bad[i], out))
            fail_msg("\"%s\" was taken as \"%s\"", bad[i], out);
        assert_string_equal(out, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_is_kept),
        cmocka_unit_test(a_newer_one_is_read_as_far_as_we_know),
        cmocka_unit_test(anything_else_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
