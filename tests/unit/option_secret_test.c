/* Secrets come from files or the environment, never from the command line, and none is shown. */
#include "tests/unit/option_world.h"

/* A file in the system's folder for temporary files, with this content. */
static void write_secret(const void *content, size_t len, char path[64])
{
    int file;

    strcpy(path, "/tmp/option_test_XXXXXX");
    file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, content, len), (ssize_t)len);
    close(file);
}

static void secrets_come_from_files(void **state)
{
    static const struct {
        const char *content, *secret;
    } cases[] = {
        {SECRET, SECRET},
        {SECRET "\n", SECRET},
        {SECRET "\n\n", SECRET "\n"},
        {" " SECRET " ", " " SECRET " "},
        {"one\ntwo\n", "one\ntwo"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const char *const forms[] = {
            "--kafka-group g --kafka-password-file %s",
            "--kafka-group g --kafka-password-file=%s",
            "--kafka-group g COUPON_KAFKA_PASSWORD_FILE=%s",
            "--kafka-group g COUPON_KAFKA_PASSWORD=other --kafka-password-file=%s",
        };
        char path[64];

        write_secret(cases[i].content, strlen(cases[i].content), path);
        for (size_t j = 0; j < sizeof forms / sizeof forms[0]; j++) {
            const char *blank = strstr(forms[j], "%s");
            char line[200];
            struct run done;

            snprintf(line, sizeof line, "%.*s%s", (int)(blank - forms[j]), forms[j], path);
            done = run_well(line);
            assert_string_equal(done.kafka.password, cases[i].secret);
            run_free(&done);
        }
        unlink(path);
    }
}

static void secrets_come_from_the_environment(void **state)
{
    struct run done = run_well("--kafka-group g COUPON_KAFKA_PASSWORD=" SECRET);

    (void)state;
    assert_string_equal(done.kafka.password, SECRET);
    run_free(&done);
    done = run("--kafka-group g COUPON_KAFKA_PASSWORD=" SECRET " COUPON_KAFKA_PASSWORD_FILE=/x");
    assert_int_equal(done.result, OPTION_EXIT_USAGE);
    assert_non_null(strstr(done.err, "COUPON_KAFKA_PASSWORD and COUPON_KAFKA_PASSWORD_FILE"));
    assert_null(strstr(done.err, SECRET));
    run_free(&done);
}

static void secrets_are_refused_on_the_command_line(void **state)
{
    static const char *const lines[] = {
        "--kafka-password=" SECRET,
        "--kafka-password " SECRET,
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct run done = run(lines[i]);

        assert_int_equal(done.result, OPTION_EXIT_USAGE);
        assert_null(done.kafka.password);
        assert_non_null(strstr(done.err, "--kafka-password-file FILE"));
        assert_non_null(strstr(done.err, "COUPON_KAFKA_PASSWORD"));
        assert_null(strstr(done.err, SECRET));
        run_free(&done);
    }
}

static void expect_refused_file(const char *path, const char *why)
{
    char line[200];
    struct run done;

    snprintf(line, sizeof line, "--kafka-group g COUPON_KAFKA_PASSWORD_FILE=%s", path);
    done = run(line);
    assert_int_equal(done.result, OPTION_EXIT_USAGE);
    assert_null(done.kafka.password);
    assert_non_null(strstr(done.err, "environment variable COUPON_KAFKA_PASSWORD_FILE: "));
    if (strstr(done.err, path) == NULL || strstr(done.err, why) == NULL)
        fail_msg("expected \"%s\" and \"%s\" in \"%s\"", path, why, done.err);
    assert_null(strstr(done.err, SECRET));
    run_free(&done);
}

static void unusable_secret_files_are_named(void **state)
{
    char path[64];
    char large[65537];

    (void)state;
    memset(large, 'x', sizeof large);
    expect_refused_file("/nowhere/at/all", "No such file or directory");
    expect_refused_file("/tmp", "Is a directory");
    expect_refused_file("/dev/null", "is empty");
    expect_refused_file("/dev/zero", "larger than 65536 bytes");
    write_secret("\n", 1, path);
    expect_refused_file(path, "is empty");
    unlink(path);
    write_secret(SECRET "\0tail", sizeof SECRET + 4, path);
    expect_refused_file(path, "NUL");
    unlink(path);
    write_secret(large, sizeof large, path);
    expect_refused_file(path, "larger than 65536 bytes");
    unlink(path);
}

static void the_largest_secret_is_read(void **state)
{
    static char large[65536];
    char path[64], line[200];
    struct run done;

    (void)state;
    memset(large, 'x', sizeof large);
    write_secret(large, sizeof large, path);
    snprintf(line, sizeof line, "--kafka-group g --kafka-password-file %s", path);
    done = run_well(line);
    assert_int_equal(strlen(done.kafka.password), sizeof large);
    run_free(&done);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_come_from_files),
        cmocka_unit_test(secrets_come_from_the_environment),
        cmocka_unit_test(secrets_are_refused_on_the_command_line),
        cmocka_unit_test(unusable_secret_files_are_named),
        cmocka_unit_test(the_largest_secret_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
