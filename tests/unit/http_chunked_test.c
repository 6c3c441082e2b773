/* Goal: the chunked coding comes off a body the same way however the bytes are cut, and its end is
 * never in doubt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/http/http_chunked.h"
#include "common/base/strbuf.h"

#define MAX_BODY 20

/* Decode text in pieces of step bytes. Returns the last event; *used counts the bytes taken. */
static enum http_chunked_event decode(const char *text, size_t len, size_t step,
                                      struct strbuf *body, size_t *used)
{
    struct http_chunked chunked;
    enum http_chunked_event event = HTTP_CHUNKED_MORE;

    http_chunked_init(&chunked, MAX_BODY);
    *used = 0;
    while (*used < len && (event == HTTP_CHUNKED_MORE || event == HTTP_CHUNKED_DATA)) {
        struct http_slice piece;
        size_t taken = 0;

        event = http_chunked_next(&chunked, text + *used, len - *used < step ? len - *used : step,
                                  &taken, &piece);
        assert_true(taken > 0);
        if (event == HTTP_CHUNKED_DATA)
            strbuf_add(body, piece.data, piece.len);
        *used += taken;
    }
    return event;
}

static void decodes(void **state)
{
    static const struct {
        const char *text;
        enum http_chunked_event event;
        const char *body;
    } cases[] = {
        {"0\r\n\r\n", HTTP_CHUNKED_DONE, ""},
        {"3\r\nabc\r\n0\r\n\r\n", HTTP_CHUNKED_DONE, "abc"},
        {"3\r\nabc\r\n00a\r\n0123456789\r\n0\r\n\r\n", HTTP_CHUNKED_DONE, "abc0123456789"},
        {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", HTTP_CHUNKED_DONE,
         "01234567890123456789"},
        {"2;a=b;c=\"d\te\"\r\n\r\n\r\n0;x\r\nA: b\r\nC:\r\n\r\n", HTTP_CHUNKED_DONE, "\r\n"},
        {"15\r\n", HTTP_CHUNKED_TOO_LARGE, ""},
        {"A\r\n0123456789\r\nb\r\n", HTTP_CHUNKED_TOO_LARGE, "0123456789"},
        {"fffffffffffffff\r\n", HTTP_CHUNKED_TOO_LARGE, ""},
        {"ffffffffffffffff\r\n", HTTP_CHUNKED_MALFORMED, ""},
        {"0000000000000001\r\na", HTTP_CHUNKED_MALFORMED, ""},
        {"\r\n", HTTP_CHUNKED_MALFORMED, ""},
        {"g\r\n", HTTP_CHUNKED_MALFORMED, ""},
        {"1 \r\n", HTTP_CHUNKED_MALFORMED, ""},
        {";a\r\n", HTTP_CHUNKED_MALFORMED, ""},
        {"1\n", HTTP_CHUNKED_MALFORMED, ""},
        {"1\r1", HTTP_CHUNKED_MALFORMED, ""},
        {"1;a\nb", HTTP_CHUNKED_MALFORMED, ""},
        {"1\r\nab", HTTP_CHUNKED_MALFORMED, "a"},
        {"1\r\na\n", HTTP_CHUNKED_MALFORMED, "a"},
        {"1\r\na\rx", HTTP_CHUNKED_MALFORMED, "a"},
        {"0\r\n\n", HTTP_CHUNKED_MALFORMED, ""},
        {"0\r\n\rx", HTTP_CHUNKED_MALFORMED, ""},
        {"0\r\nA b: c\r\n", HTTP_CHUNKED_MALFORMED, ""},
        {"0\r\n: c\r\n", HTTP_CHUNKED_MALFORMED, ""},
        {"0\r\nA: b\n", HTTP_CHUNKED_MALFORMED, ""},
        {"0\r\nA: b\rc", HTTP_CHUNKED_MALFORMED, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = strlen(cases[i].text);

        for (size_t step = 1; step <= len; step++) {
            struct strbuf body = STRBUF_INIT;
            size_t used;
            enum http_chunked_event event = decode(cases[i].text, len, step, &body, &used);

            strbuf_add_text(&body, "");
            if (event != cases[i].event || strcmp(body.data, cases[i].body) != 0 ||
                (event == HTTP_CHUNKED_DONE && used != len))
                fail_msg("case %zu, %zu bytes a time: saw event %d, used %zu of %zu, body \"%s\"",
                         i, step, event, used, len, body.data);
            strbuf_free(&body);
        }
    }
}

static void leaves_what_is_behind(void **state)
{
    static const char text[] = "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
    struct strbuf body = STRBUF_INIT;
    size_t used;

    (void)state;
    assert_int_equal(decode(text, sizeof text - 1, 1000, &body, &used), HTTP_CHUNKED_DONE);
    assert_int_equal(used, strlen("1\r\na\r\n0\r\n\r\n"));
    strbuf_free(&body);
}

/* Extensions and trailers are dropped, but not without end. */
static void overhead_is_bounded(void **state)
{
    static const char *const starts[] = {"1;", "0\r\n", "0\r\nA:"};

    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct strbuf text = STRBUF_INIT;
        struct strbuf body = STRBUF_INIT;
        size_t used;

        strbuf_add_text(&text, starts[i]);
        for (int j = 0; j < 5000; j++)
            strbuf_add_text(&text, "x");
        assert_int_equal(decode(text.data, text.len, 1000, &body, &used), HTTP_CHUNKED_MALFORMED);
        assert_true(used < 4200);
        strbuf_free(&text);
        strbuf_free(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(leaves_what_is_behind),
        cmocka_unit_test(overhead_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
