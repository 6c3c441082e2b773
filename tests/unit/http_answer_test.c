/* Goal: the bytes of answers, their dates and problem documents are what the RFCs say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/http/http_answer.h"
#include "common/http/http_date.h"
#include "common/http/http_problem.h"
#include "common/base/clock.h"

static void expect_bytes(struct http_answer answer, const char *expected)
{
    struct strbuf out = STRBUF_INIT;

    http_answer_write(&out, &answer, "DATE");
    assert_string_equal(out.data, expected);
    assert_int_equal(out.len, strlen(expected));
    strbuf_free(&out);
}

static void answers(void **state)
{
    struct http_answer answer = {
        .status = 202,
        .content_type = "application/json",
        .fields = "Location: /x\r\nRetry-After: 1\r\n",
        .body = "{\"a\":1}",
        .body_len = 7,
    };

    (void)state;
    expect_bytes(answer, "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
                         "Content-Length: 7\r\nDate: DATE\r\nCache-Control: no-store\r\n"
                         "Location: /x\r\nRetry-After: 1\r\n\r\n{\"a\":1}");
    answer.fields = NULL;
    answer.close = true;
    answer.to_head = true;
    expect_bytes(answer, "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
                         "Content-Length: 7\r\nDate: DATE\r\nCache-Control: no-store\r\n"
                         "Connection: close\r\n\r\n");
    expect_bytes((struct http_answer){.status = 204, .content_type = "text/plain"},
                 "HTTP/1.1 204 No Content\r\nDate: DATE\r\nCache-Control: no-store\r\n\r\n");
    expect_bytes((struct http_answer){.status = 599, .content_type = "text/plain"},
                 "HTTP/1.1 599 Unknown\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n"
                 "Date: DATE\r\nCache-Control: no-store\r\n\r\n");
}

static void dates(void **state)
{
    char text[HTTP_DATE_SIZE];

    (void)state;
    http_date_format(784111777, text);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    http_date_format(951782400, text);
    assert_string_equal(text, "Tue, 29 Feb 2000 00:00:00 GMT");
    http_date_format(INT64_C(253402300799), text);
    assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void date_is_kept_for_a_second(void **state)
{
    struct http_date date = {0};
    int64_t now_us = clock_monotonic_us();
    char now[HTTP_DATE_SIZE];

    (void)state;
    http_date_text(&date, now_us);
    assert_true(date.expires_us > now_us && date.expires_us <= now_us + 1000000);
    strcpy(date.text, "kept");
    assert_string_equal(http_date_text(&date, date.expires_us - 1), "kept");
    http_date_format(clock_wall_ms() / 1000, now);
    assert_memory_equal(http_date_text(&date, date.expires_us), now, 17);
}

static void problems(void **state)
{
    struct strbuf out = STRBUF_INIT;

    (void)state;
    http_problem_write(&out, 409, "SOLD_OUT", "All \"gone\"\n", NULL);
    assert_string_equal(out.data, "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
                                  "\"code\":\"SOLD_OUT\",\"detail\":\"All \\\"gone\\\"\\n\"}");
    strbuf_clear(&out);
    http_problem_write(&out, 503, "UNAVAILABLE", "x", "\"outcome\":\"unknown\"");
    assert_non_null(strstr(out.data, "\"detail\":\"x\",\"outcome\":\"unknown\"}"));
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(dates),
        cmocka_unit_test(date_is_kept_for_a_second),
        cmocka_unit_test(problems),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
