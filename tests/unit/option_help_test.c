/* The help names every option, its bounds and its default. */
#include "tests/unit/option_world.h"

static void expect_in_help(const char *help, const char *text)
{
    if (strstr(help, text) == NULL)
        fail_msg("expected \"%s\" in the help:\n%s", text, help);
}

static void help_names_every_option(void **state)
{
    static const char *const texts[] = {
        "Usage: program [OPTION]...\n",
        "What it is about.\n",
        "\nServing\n",
        "\nKafka\n",
        "--http-listen HOST:PORT\n",
        "default 127.0.0.1:8080;",
        "COUPON_HTTP_LISTEN)",
        "--http-connections N\n",
        "default 1000; 1 to 5000;",
        "COUPON_HTTP_CONNECTIONS)",
        "--offset N\n",
        "COUPON_OFFSET)",
        "--spool, --no-spool\n",
        "default true;",
        "COUPON_SPOOL)",
        "--verbose, --no-verbose\n",
        "default false;",
        "COUPON_VERBOSE)",
        "--auth off|jwt|jwt-strict\n",
        "default off;",
        "COUPON_AUTH)",
        "--kafka-group ID\n",
        "required;",
        "COUPON_KAFKA_GROUP)",
        "--kafka-brokers HOST:PORT\n",
        "may be given again;",
        "COUPON_KAFKA_BROKERS)",
        "--kafka-password-file FILE\n",
        "COUPON_KAFKA_PASSWORD_FILE,",
        "--help\n",
        "--version\n",
    };
    struct run done = run("--auth=off --help --nonsense");
    char *line_state = NULL;

    (void)state;
    assert_int_equal(done.result, OPTION_EXIT_OK);
    assert_string_equal(done.err, "");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_in_help(done.out, texts[i]);
    for (size_t i = 0; i < sizeof http_specs / sizeof http_specs[0]; i++)
        expect_in_help(done.out, http_specs[i].name);
    for (char *line = strtok_r(done.out, "\n", &line_state); line != NULL;
         line = strtok_r(NULL, "\n", &line_state)) {
        if (strlen(line) > 80)
            fail_msg("%zu columns: %s", strlen(line), line);
    }
    run_free(&done);
}

static void version_names_program_and_version(void **state)
{
    struct run done = run("--version");
    int major, minor, patch, end = 0;

    (void)state;
    assert_int_equal(done.result, OPTION_EXIT_OK);
    assert_string_equal(done.err, "");
    sscanf(done.out, "program %d.%d.%d%n", &major, &minor, &patch, &end);
    assert_int_equal(end, (int)strlen(done.out) - 1);
    run_free(&done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(version_names_program_and_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
