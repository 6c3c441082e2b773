/* Options that are about one run have no environment variable; those of another command in the same
 * environment have nothing but their variables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/option.h"
#include "tests/unit/capture.h"

struct fields {
    bool all;
    const char *reason;
};

static const struct option_spec own[] = {
    {.name = "all",
     .type = OPTION_FLAG,
     .offset = offsetof(struct fields, all),
     .flag_only = true,
     .help = "Everything."},
    {.name = "reason",
     .type = OPTION_TEXT,
     .offset = offsetof(struct fields, reason),
     .flag_only = true,
     .required = true,
     .help = "Why."},
};

static const struct option_spec others[] = {
    {.name = "group", .type = OPTION_TEXT, .required = true, .default_value = NULL, .help = "Who."},
};

/* What is printed to standard error, or for --help to standard output; free it. */
static char *run(struct fields *fields, const char *first, const char *second,
                 enum option_result expected)
{
    const struct option_group groups[] = {
        {"Own", own, 2, fields},
        {"Others", others, 1, NULL},
    };
    char *argv[] = {(char *)(uintptr_t) "program", (char *)(uintptr_t)first,
                    (char *)(uintptr_t)second, NULL};
    bool help = first && strcmp(first, "--help") == 0;
    struct capture capture = capture_start(help ? STDOUT_FILENO : STDERR_FILENO);
    enum option_result result =
        option_read("program", NULL, NULL, groups, 2, first ? second ? 3 : 2 : 1, argv);
    char *text = capture_end(&capture);

    if (result != expected)
        fail_msg("expected %d, saw %d: %s", (int)expected, (int)result, text);
    return text;
}

static void a_variable_does_not_say_what_only_a_flag_may(void **state)
{
    struct fields fields = {0};
    char *text;

    (void)state;
    setenv("COUPON_ALL", "true", 1);
    text = run(&fields, "--reason", "x", OPTION_RUN);
    assert_false(fields.all);
    assert_non_null(strstr(text, "COUPON_ALL is none of this program's"));
    free(text);
    setenv("COUPON_REASON", "y", 1);
    text = run(&fields, "--all", NULL, OPTION_EXIT_USAGE);
    assert_non_null(strstr(text, "--reason TEXT is required\n"));
    free(text);
    unsetenv("COUPON_ALL");
    unsetenv("COUPON_REASON");
}

static void anothers_options_are_known_by_their_variables_alone(void **state)
{
    struct fields fields = {0};
    char *text;

    (void)state;
    setenv("COUPON_GROUP", "g", 1);
    text = run(&fields, "--reason", "x", OPTION_RUN);
    assert_string_equal(text, "");
    free(text);
    unsetenv("COUPON_GROUP");
    text = run(&fields, "--group", "g", OPTION_EXIT_USAGE);
    assert_non_null(strstr(text, "unknown option --group"));
    free(text);
}

static void help_shows_neither(void **state)
{
    struct fields fields = {0};
    char *text = run(&fields, "--help", NULL, OPTION_EXIT_OK);

    (void)state;
    assert_non_null(strstr(text, "Everything. (default false)\n"));
    assert_non_null(strstr(text, "Why. (required)\n"));
    assert_null(strstr(text, "Others"));
    assert_null(strstr(text, "COUPON_ALL"));
    free(text);
}

/* Those of whoever runs the tests are not what they are about. */
static void forget_variables(void)
{
    char **at = environ;

    while (*at) {
        char name[256];

        snprintf(name, sizeof name, "%.*s", (int)strcspn(*at, "="), *at);
        if (strncmp(name, "COUPON_", 7) == 0)
            unsetenv(name); /* moves the rest up */
        else
            at++;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variable_does_not_say_what_only_a_flag_may),
        cmocka_unit_test(anothers_options_are_known_by_their_variables_alone),
        cmocka_unit_test(help_shows_neither),
    };

    forget_variables();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
