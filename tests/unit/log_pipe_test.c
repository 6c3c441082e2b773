/* A reader of the log that has stopped reading stops nobody else: lines that a pipe does not take
 * are counted, and what was cut off does not spoil the next line. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/base/log.h"

static int saved, ends[2];
static char text[1 << 20];

/* Standard error is a pipe with room for so many pages. */
static int fill_pipe(int pages)
{
    static const char page[4096] = {[0 ... 4095] = '\n'};
    int flags;

    saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    flags = fcntl(ends[1], F_GETFL);
    fcntl(ends[1], F_SETFL, flags | O_NONBLOCK);
    while (write(ends[1], page, sizeof page) > 0)
        ;
    fcntl(ends[1], F_SETFL, flags);
    for (int i = 0; i < pages; i++)
        assert_int_equal(read(ends[0], text, sizeof page), sizeof page);
    dup2(ends[1], STDERR_FILENO);
    alarm(20); /* a write that waits would do so for ever */
    return 0;
}

static int close_pipe(void **state)
{
    (void)state;
    alarm(0);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static int open_full_pipe(void **state)
{
    (void)state;
    return fill_pipe(0);
}

static int open_nearly_full_pipe(void **state)
{
    (void)state;
    return fill_pipe(1);
}

/* Empty the pipe; the text. */
static char *read_all(void)
{
    ssize_t len = read(ends[0], text, sizeof text - 1);

    assert_true(len > 0);
    text[len] = '\0';
    return text + strspn(text, "\n");
}

static void expect_line(const char *line, const char *message, int suppressed)
{
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "message")), message);
    assert_int_equal(json_integer_value(json_object_get(json, "suppressed")), suppressed);
    json_decref(json);
}

static void lines_that_are_not_taken_are_counted(void **state)
{
    (void)state;
    log_warn("full", "the first");
    log_warn("full", "the second");
    read_all();
    log_warn("full", "the third");
    expect_line(read_all(), "the third", 2);
    log_warn("full", "the fourth");
    expect_line(read_all(), "the fourth", 0);
}

/* Control characters are escaped, so that a message's 2,048 become 12,288. */
static void a_line_that_was_cut_off_ends(void **state)
{
    char message[2049];
    char *end;

    (void)state;
    memset(message, 1, sizeof message - 1);
    message[sizeof message - 1] = '\0';
    log_warn("long", "%s", message);
    end = read_all();
    assert_null(strchr(end, '\n'));
    log_warn("long", "the next");
    assert_int_equal(read(ends[0], text, 1), 1);
    assert_int_equal(text[0], '\n');
    expect_line(read_all(), "the next", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_that_are_not_taken_are_counted, open_full_pipe,
                                        close_pipe),
        cmocka_unit_test_setup_teardown(a_line_that_was_cut_off_ends, open_nearly_full_pipe,
                                        close_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
