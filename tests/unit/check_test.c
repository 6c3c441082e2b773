/* A broken invariant ends the process, and the log says which one it was. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "tests/unit/capture.h"

static const char *member(const json_t *line, const char *name)
{
    const char *value = json_string_value(json_object_get(line, name));

    assert_non_null(value);
    return value;
}

static void a_broken_invariant_is_logged_and_ends_the_process(void **state)
{
    struct capture capture;
    int status;
    char *text;
    json_t *line;
    pid_t child;

    (void)state;
    log_init("check_test", LOG_LEVEL_INFO);
    capture = capture_start(STDERR_FILENO);
    child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        CHECK(1 + 1 == 2, "never shown");
        CHECK(1 + 1 == 3, "two is not %d", 3);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    text = capture_end(&capture);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(line);
    assert_string_equal(member(line, "level"), "error");
    assert_string_equal(member(line, "event"), "invariant_broken");
    assert_non_null(strstr(member(line, "message"), "check_test.c:"));
    assert_non_null(strstr(member(line, "message"), "1 + 1 == 3: two is not 3"));
    assert_null(strstr(member(line, "message"), "never shown"));
    json_decref(line);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_invariant_is_logged_and_ends_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
