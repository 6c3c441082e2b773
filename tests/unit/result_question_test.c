/* What a poll asks: its wait, cut to the most there is, from the query or else from Prefer, and the
 * place that resultUrl carried. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/handlers/result_question.h"

static struct http_slice slice(const char *text)
{
    return (struct http_slice){text, strlen(text)};
}

static struct http_request request_of(const char *query, const char *prefer)
{
    struct http_request request = {
        .params = {slice("REQ-1")}, .param_count = 1, .query = slice(query)};

    if (prefer != NULL) {
        request.fields[0] = (struct http_field){slice("prefer"), slice(prefer)};
        request.field_count = 1;
    }
    return request;
}

static void questions_are_read(void **state)
{
    static const struct {
        const char *query, *prefer;
        int wait_s;
        bool wait_prefer;
        int32_t partition;
        int64_t offset;
    } rows[] = {
        {"", NULL, 0, false, -1, -1},
        {"wait=0", NULL, 0, false, -1, -1},
        {"wait=25", NULL, 25, false, -1, -1},
        {"wait=007", NULL, 7, false, -1, -1},
        {"wait=55", NULL, 55, false, -1, -1},
        {"wait=56", NULL, 55, false, -1, -1},
        {"wait=999999999", NULL, 55, false, -1, -1},
        {"at=2.4711", NULL, 0, false, 2, 4711},
        {"at=0.0&wait=5", NULL, 5, false, 0, 0},
        {"x=1&wait=5&at=2147483647.9", NULL, 5, false, INT32_MAX, 9},
        {"", "wait=10", 10, true, -1, -1},
        {"", "WAIT=10", 10, true, -1, -1},
        {"", "respond-async, wait=10", 10, true, -1, -1},
        {"", "respond-async,\t wait=10; foo=1", 10, true, -1, -1},
        {"", "wait=100", 55, true, -1, -1},
        {"", "wait=10, wait=20", 10, true, -1, -1}, /* the first, RFC 7240 section 2 */
        {"at=1.2", "wait=10", 10, true, 1, 2},
        {"wait=3", "wait=10", 3, false, -1, -1},
        {"wait=0", "wait=10", 0, false, -1, -1},
        /* What can't be read of Prefer is as if it were not there. */
        {"", "", 0, false, -1, -1},
        {"", ",", 0, false, -1, -1},
        {"", "respond-async", 0, false, -1, -1},
        {"", "wait", 0, false, -1, -1},
        {"", "wait=", 0, false, -1, -1},
        {"", "wait=x", 0, false, -1, -1},
        {"", "wait=-1", 0, false, -1, -1},
        {"", "wait=9999999999", 0, false, -1, -1},
        {"", "await=10", 0, false, -1, -1},
        {"wait=4", "wait=x", 4, false, -1, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_request request = request_of(rows[i].query, rows[i].prefer);
        struct result_question question;
        char text[128] = "";

        memset(&question, 'x', sizeof question);
        if (!result_question_read(&request, &question, text, sizeof text))
            fail_msg("row %zu is refused: %s", i, text);
        if (question.wait_s != rows[i].wait_s || question.wait_prefer != rows[i].wait_prefer ||
            question.location.partition != rows[i].partition ||
            question.location.offset != rows[i].offset)
            fail_msg("?%s, Prefer: %s: expected %d s, %d, %" PRId32 ".%" PRId64
                     "; saw %d s, %d, %" PRId32 ".%" PRId64,
                     rows[i].query, rows[i].prefer ? rows[i].prefer : "(none)", rows[i].wait_s,
                     rows[i].wait_prefer, rows[i].partition, rows[i].offset, question.wait_s,
                     question.wait_prefer, question.location.partition, question.location.offset);
        assert_ptr_equal(question.request_id.data, request.params[0].data);
        assert_int_equal(question.request_id.len, 5);
    }
}

static void wrong_queries_are_refused(void **state)
{
    static const struct {
        const char *query, *part;
    } rows[] = {
        {"wait", "wait"},
        {"wait=", "wait"},
        {"wait=-1", "wait"},
        {"wait=+1", "wait"},
        {"wait=1.5", "wait"},
        {"wait=5s", "wait"},
        {"wait= 5", "wait"},
        {"wait=%35", "wait"},
        {"wait=1234567890", "wait"},
        {"wait=5&wait=5", "wait"},
        {"at", "at"},
        {"at=", "at"},
        {"at=2", "at"},
        {"at=2.", "at"},
        {"at=.5", "at"},
        {"at=-1.5", "at"},
        {"at=2147483648.0", "at"},
        {"at=1.2&at=1.2", "at"},
        {"at=1.2&wait=x", "wait"},
        {"wait=1&at=x", "at"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_request request = request_of(rows[i].query, "wait=10");
        struct result_question question;
        char text[128] = "";

        if (result_question_read(&request, &question, text, sizeof text))
            fail_msg("?%s passed", rows[i].query);
        if (strncmp(text, rows[i].part, strlen(rows[i].part)) != 0)
            fail_msg("?%s: expected \"%s …\", saw \"%s\"", rows[i].query, rows[i].part, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_read),
        cmocka_unit_test(wrong_queries_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
