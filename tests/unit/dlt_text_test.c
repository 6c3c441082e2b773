/* Dead letters in words: exact where that is possible, and never a control byte for a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/dlt/dlt_text.h"

static void expect(struct strbuf *out, const char *expected)
{
    assert_string_equal(out->data, expected);
    strbuf_clear(out);
}

static void bytes_for_people(void **state)
{
    struct strbuf out = STRBUF_INIT;

    (void)state;
    dlt_text_bytes(&out, (struct dlt_bytes){NULL, 0});
    expect(&out, "(null)");
    dlt_text_bytes(&out, (struct dlt_bytes){"", 0});
    expect(&out, "\"\"");
    dlt_text_bytes(&out, (struct dlt_bytes){"a\\\0\x1b[\x7f\xff~ ", 9});
    expect(&out, "\"a\\\\\\x00\\x1b[\\x7f\\xff~ \"");
    strbuf_free(&out);
}

static void bytes_for_programs(void **state)
{
    struct strbuf out = STRBUF_INIT;

    (void)state;
    dlt_text_json_bytes(&out, (struct dlt_bytes){NULL, 0});
    expect(&out, "null");
    dlt_text_json_bytes(&out, (struct dlt_bytes){"", 0});
    expect(&out, "\"\"");
    dlt_text_json_bytes(&out, (struct dlt_bytes){"{\"a\":1}\n", 8});
    expect(&out, "\"{\\\"a\\\":1}\\n\"");
    dlt_text_json_bytes(&out, (struct dlt_bytes){"\0\xff", 2});
    expect(&out, "{\"base64\":\"AP8=\"}");
    strbuf_free(&out);
}

static void a_letter_of_which_nothing_is_known(void **state)
{
    const struct dlt_letter letter = {
        .partition = 0, .offset = 7, .timestamp_ms = -1, .retries = -1};
    const struct dlt_view view = {&letter, DLT_OPEN, 7};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    dlt_text_json(&out, &view, "t.DLT");
    expect(&out, "\"id\":\"0:7\",\"topic\":\"t.DLT\",\"partition\":0,\"offset\":7,\"time\":null,"
                 "\"state\":\"open\",\"requestId\":null,\"couponId\":null,\"userId\":null,"
                 "\"cause\":null,\"message\":null,\"retries\":null,\"record\":null,\"bytes\":0");
    dlt_text_row(&out, &view);
    assert_non_null(strstr(out.data, "0:7 "));
    assert_null(strstr(out.data, "null"));
    strbuf_free(&out);
}

static void a_letter_of_which_all_is_known(void **state)
{
    const struct dlt_letter letter = {.partition = 0,
                                      .offset = 7,
                                      .timestamp_ms = 1645875102123,
                                      .value = {"{}", 2},
                                      .has_record = true,
                                      .record = {2, 9, INT64_MAX},
                                      .topic = {"t", 1},
                                      .cause = {"A\n", 2},
                                      .message = {"why", 3},
                                      .retries = 5,
                                      .request_id = "R",
                                      .coupon_id = 1,
                                      .user_id = 2};
    const struct dlt_view view = {&letter, DLT_REPLAYED, 7};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    dlt_text_json(&out, &view, "t.DLT");
    expect(&out, "\"id\":\"0:7\",\"topic\":\"t.DLT\",\"partition\":0,\"offset\":7,\"time\":"
                 "\"2022-02-26T11:31:42.123Z\",\"state\":\"replayed\",\"requestId\":\"R\","
                 "\"couponId\":1,\"userId\":2,\"cause\":\"A\\n\",\"message\":\"why\",\"retries\":5,"
                 "\"record\":{\"topic\":\"t\",\"partition\":2,\"offset\":9,\"time\":null},"
                 "\"bytes\":2");
    dlt_text_row(&out, &view);
    assert_non_null(strstr(out.data, "A\\x0a"));
    assert_int_equal(strcspn(out.data, "\n"), out.len - 1);
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_for_people),
        cmocka_unit_test(bytes_for_programs),
        cmocka_unit_test(a_letter_of_which_nothing_is_known),
        cmocka_unit_test(a_letter_of_which_all_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
