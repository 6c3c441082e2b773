/* What an operator sets is what the program gets, the mistakes are named, and no secret is shown.
 */
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

#define SECRET "hunter2-secret"

struct http {
    const char *listen;
    int64_t connections;
    int64_t offset;
    bool spool;
    bool verbose;
};

struct kafka {
    const char *auth;
    const char *group;
    struct option_list brokers;
    const char *password;
};

#define HTTP(field) offsetof(struct http, field)
#define KAFKA(field) offsetof(struct kafka, field)

static const struct option_spec http_specs[] = {
    {.name = "http-listen",
     .type = OPTION_TEXT,
     .offset = HTTP(listen),
     .default_value = "127.0.0.1:8080",
     .min = 1,
     .max = 20,
     .argument = "HOST:PORT",
     .help = "Where to listen."},
    {.name = "http-connections",
     .type = OPTION_NUMBER,
     .offset = HTTP(connections),
     .default_value = "1000",
     .min = 1,
     .max = 5000,
     .help = "The most connections that are open at one time; what comes beyond them waits in the "
             "kernel's queue."},
    {.name = "offset", .type = OPTION_NUMBER, .offset = HTTP(offset), .help = "Any number."},
    {.name = "spool",
     .type = OPTION_FLAG,
     .offset = HTTP(spool),
     .default_value = "true",
     .help = "Keep requests while Kafka is away."},
    {.name = "verbose", .type = OPTION_FLAG, .offset = HTTP(verbose), .help = "Say more."},
};

static const struct option_spec kafka_specs[] = {
    {.name = "auth",
     .type = OPTION_CHOICE,
     .offset = KAFKA(auth),
     .default_value = "off",
     .choices = "off|jwt|jwt-strict",
     .help = "How users are known."},
    {.name = "kafka-group",
     .type = OPTION_TEXT,
     .offset = KAFKA(group),
     .required = true,
     .argument = "ID",
     .help = "The consumer group."},
    {.name = "kafka-brokers",
     .type = OPTION_LIST,
     .offset = KAFKA(brokers),
     .default_value = "127.0.0.1:19092",
     .argument = "HOST:PORT",
     .help = "Where Kafka is."},
    {.name = "kafka-password",
     .type = OPTION_SECRET,
     .offset = KAFKA(password),
     .help = "Kafka's password."},
};

/* One run: the arguments and variables that it got, and what came of it. */
struct run {
    struct http http;
    struct kafka kafka;
    enum option_result result;
    char *out, *err;
    char *line; /* the values point into it */
};

static void clear_environment(void)
{
    char **variables = environ;

    while (*variables != NULL) {
        char name[200];

        if (strncmp(*variables, "COUPON_", 7) != 0) {
            variables++;
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*variables, "="), *variables);
        unsetenv(name);
        variables = environ;
    }
}

/* line: arguments and NAME=VALUE variables, separated by blanks. */
static struct run run(const char *line)
{
    struct run run = {.result = OPTION_RUN};
    struct option_group groups[] = {
        {"Serving", http_specs, sizeof http_specs / sizeof http_specs[0], &run.http},
        {"Kafka", kafka_specs, sizeof kafka_specs / sizeof kafka_specs[0], &run.kafka},
    };
    char *argv[32] = {(char *)(uintptr_t) "program"};
    char *state = NULL;
    int argc = 1;
    struct capture out, err;

    run.line = strdup(line);
    assert_non_null(run.line);
    clear_environment();
    for (char *word = strtok_r(run.line, " ", &state); word != NULL;
         word = strtok_r(NULL, " ", &state)) {
        char *equals = strchr(word, '=');

        if (strncmp(word, "COUPON_", 7) != 0) {
            argv[argc++] = word;
            continue;
        }
        *equals = '\0';
        setenv(word, equals + 1, 1);
    }
    out = capture_start(STDOUT_FILENO);
    err = capture_start(STDERR_FILENO);
    run.result =
        option_read("program", "program [OPTION]...", "What it is about.", groups, 2, argc, argv);
    run.err = capture_end(&err);
    run.out = capture_end(&out);
    clear_environment();
    return run;
}

static void run_free(struct run *run)
{
    free(run->out);
    free(run->err);
    free(run->line);
}

static struct run run_well(const char *line)
{
    struct run done = run(line);

    if (done.result != OPTION_RUN || done.err[0] != '\0' || done.out[0] != '\0')
        fail_msg("%s: expected no complaint, saw %d, \"%s\" and \"%s\"", line, (int)done.result,
                 done.err, done.out);
    return done;
}

static void defaults_hold_when_nothing_is_set(void **state)
{
    struct run done = run_well("--kafka-group=g");

    (void)state;
    assert_string_equal(done.http.listen, "127.0.0.1:8080");
    assert_int_equal(done.http.connections, 1000);
    assert_int_equal(done.http.offset, 0);
    assert_true(done.http.spool);
    assert_false(done.http.verbose);
    assert_string_equal(done.kafka.auth, "off");
    assert_int_equal(done.kafka.brokers.count, 1);
    assert_string_equal(done.kafka.brokers.items[0], "127.0.0.1:19092");
    assert_null(done.kafka.password);
    run_free(&done);
}

static const struct {
    const char *line;
    int64_t connections;
} numbers[] = {
    {"--http-connections 7", 7},
    {"--http-connections=7", 7},
    {"--http-connections=1", 1},
    {"--http-connections=5000", 5000},
    {"--http-connections=007", 7},
    {"COUPON_HTTP_CONNECTIONS=8", 8},
    {"COUPON_HTTP_CONNECTIONS=8 --http-connections=7", 7},
    {"COUPON_HTTP_CONNECTIONS=nonsense --http-connections=7", 7},
    {"COUPON_HTTP_CONNECTIONS=", 1000},
};

static void the_flag_wins_then_the_environment_then_the_default(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char line[200];
        struct run done;

        snprintf(line, sizeof line, "--kafka-group g %s", numbers[i].line);
        done = run_well(line);
        if (done.http.connections != numbers[i].connections)
            fail_msg("%s: expected %d, saw %d", line, (int)numbers[i].connections,
                     (int)done.http.connections);
        run_free(&done);
    }
}

static const struct {
    const char *line;
    bool spool, verbose;
} flags[] = {
    {"--no-spool --verbose", false, true},
    {"--spool --no-verbose", true, false},
    {"COUPON_SPOOL=false COUPON_VERBOSE=true", false, true},
    {"COUPON_SPOOL=0 COUPON_VERBOSE=1", false, true},
    {"COUPON_SPOOL=no COUPON_VERBOSE=on", false, true},
    {"COUPON_SPOOL=false --spool", true, false},
    {"COUPON_VERBOSE=true --no-verbose", true, false},
};

static void flags_can_be_set_and_unset(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        char line[200];
        struct run done;

        snprintf(line, sizeof line, "--kafka-group g %s", flags[i].line);
        done = run_well(line);
        if (done.http.spool != flags[i].spool || done.http.verbose != flags[i].verbose)
            fail_msg("%s: saw spool %d, verbose %d", line, done.http.spool, done.http.verbose);
        run_free(&done);
    }
}

static void values_may_look_odd(void **state)
{
    struct run done = run_well("--kafka-group=a=b --http-listen -x --offset -9223372036854775808 "
                               "--auth jwt");

    (void)state;
    assert_string_equal(done.kafka.group, "a=b");
    assert_string_equal(done.http.listen, "-x");
    assert_int_equal(done.http.offset, INT64_MIN);
    assert_string_equal(done.kafka.auth, "jwt");
    run_free(&done);
}

static const struct {
    const char *line;
    const char *items; /* joined with a blank */
} lists[] = {
    {"--kafka-brokers a:1", "a:1"},
    {"--kafka-brokers a:1 --kafka-brokers=b:2 --kafka-brokers c:3", "a:1 b:2 c:3"},
    {"--kafka-brokers a,b", "a,b"},
    {"COUPON_KAFKA_BROKERS=a,b,c", "a b c"},
    {"COUPON_KAFKA_BROKERS=a,b,c --kafka-brokers d", "d"},
};

static void lists_are_replaced_not_mixed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char line[200], items[200] = "";
        struct run done;

        snprintf(line, sizeof line, "--kafka-group g %s", lists[i].line);
        done = run_well(line);
        for (size_t j = 0; j < done.kafka.brokers.count; j++) {
            strcat(items, j > 0 ? " " : "");
            strcat(items, done.kafka.brokers.items[j]);
        }
        assert_string_equal(items, lists[i].items);
        run_free(&done);
    }
}

/* What the message must hold: the option, the value, what is allowed, where it came from. */
static const struct {
    const char *line;
    const char *says[4];
} mistakes[] = {
    {"--http-connections=0", {"--http-connections:", "\"0\"", "1 to 5000"}},
    {"--http-connections=5001", {"--http-connections:", "\"5001\"", "1 to 5000"}},
    {"--http-connections=ten", {"--http-connections:", "\"ten\"", "whole number", "1 to 5000"}},
    {"--http-connections=", {"--http-connections:", "whole number"}},
    {"--http-connections=-", {"--http-connections:", "whole number"}},
    {"--http-connections=+5", {"--http-connections:", "whole number"}},
    {"--http-connections=5k", {"--http-connections:", "whole number"}},
    {"--http-connections=0x10", {"--http-connections:", "whole number"}},
    {"--http-connections=99999999999999999999", {"--http-connections:", "out of range"}},
    {"--offset=9223372036854775808", {"--offset:", "out of range"}},
    {"COUPON_HTTP_CONNECTIONS=0",
     {"environment variable COUPON_HTTP_CONNECTIONS:", "\"0\"", "1 to 5000"}},
    {"--http-listen=", {"--http-listen:", "length", "1 to 20 bytes"}},
    {"--http-listen=123456789012345678901", {"--http-listen:", "length", "1 to 20 bytes"}},
    {"--auth=basic", {"--auth:", "\"basic\"", "off|jwt|jwt-strict"}},
    {"--auth=jwt-", {"--auth:", "\"jwt-\""}},
    {"--auth=off|jwt", {"--auth:", "\"off|jwt\""}},
    {"--auth=", {"--auth:", "off|jwt|jwt-strict"}},
    {"COUPON_AUTH=basic", {"environment variable COUPON_AUTH:", "\"basic\""}},
    {"COUPON_SPOOL=maybe", {"environment variable COUPON_SPOOL:", "\"maybe\"", "true|false"}},
    {"COUPON_KAFKA_BROKERS=a,,b", {"environment variable COUPON_KAFKA_BROKERS:", "empty"}},
    {"COUPON_KAFKA_BROKERS=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,"
     "27,28,29,30,31,32,33",
     {"COUPON_KAFKA_BROKERS:", "more than 32"}},
    {"--kafka-brokers=", {"--kafka-brokers:", "empty"}},
    {"--http-connection 5",
     {"unknown option --http-connection;", "did you mean --http-connections?"}},
    {"--http-conections=5",
     {"unknown option --http-conections;", "did you mean --http-connections?"}},
    {"--no-spol", {"unknown option --no-spol;", "did you mean --no-spool?"}},
    {"--hepl", {"unknown option --hepl;", "did you mean --help?"}},
    {"--no-auth", {"unknown option --no-auth"}},
    {"--something-else-entirely", {"unknown option --something-else-entirely\n"}},
    {"-v", {"unknown option -v"}},
    {"--auth=off --auth=jwt", {"--auth:", "more than once"}},
    {"--spool --no-spool", {"--no-spool:", "more than once"}},
    {"--spool=true", {"--spool:", "takes no value"}},
    {"--auth", {"--auth:", "needs a value"}},
    {"--auth --spool", {"--auth:", "needs a value"}},
    {"stray", {"unexpected argument \"stray\""}},
    {"--", {"unexpected argument \"--\""}},
    {"-", {"unexpected argument \"-\""}},
    {"--spool true", {"unexpected argument \"true\""}},
};

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        char line[300];
        struct run done;

        snprintf(line, sizeof line, "--kafka-group g %s", mistakes[i].line);
        done = run(line);
        if (done.result != OPTION_EXIT_USAGE)
            fail_msg("%s: expected a complaint, saw %d", line, (int)done.result);
        for (size_t j = 0; j < 4 && mistakes[i].says[j] != NULL; j++) {
            if (strstr(done.err, mistakes[i].says[j]) == NULL)
                fail_msg("%s: expected \"%s\" in \"%s\"", line, mistakes[i].says[j], done.err);
        }
        assert_int_equal(strncmp(done.err, "program: ", 9), 0);
        assert_string_equal(done.out, "");
        run_free(&done);
    }
}

static void what_is_required_must_be_given(void **state)
{
    struct run done = run("");

    (void)state;
    assert_int_equal(done.result, OPTION_EXIT_USAGE);
    assert_non_null(strstr(done.err, "--kafka-group ID is required"));
    assert_non_null(strstr(done.err, "COUPON_KAFKA_GROUP"));
    run_free(&done);
    done = run_well("COUPON_KAFKA_GROUP=g");
    assert_string_equal(done.kafka.group, "g");
    run_free(&done);
}

static void unknown_variables_are_warned_of(void **state)
{
    struct run done = run("--kafka-group g COUPON_HTTP_CONECTIONS=3 COUPON_FAR_FROM_ALL=" SECRET
                          " COUPON_KAFKA_PASSWORD_FIL=" SECRET);

    (void)state;
    assert_int_equal(done.result, OPTION_RUN);
    assert_int_equal(done.http.connections, 1000);
    assert_non_null(
        strstr(done.err,
               "COUPON_HTTP_CONECTIONS is none of this program's; did you mean COUPON_HTTP_CON"));
    assert_non_null(strstr(done.err, "COUPON_FAR_FROM_ALL is none of this program's\n"));
    assert_non_null(strstr(done.err, "did you mean COUPON_KAFKA_PASSWORD_FILE?"));
    assert_null(strstr(done.err, SECRET));
    run_free(&done);
}

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
        cmocka_unit_test(defaults_hold_when_nothing_is_set),
        cmocka_unit_test(the_flag_wins_then_the_environment_then_the_default),
        cmocka_unit_test(flags_can_be_set_and_unset),
        cmocka_unit_test(values_may_look_odd),
        cmocka_unit_test(lists_are_replaced_not_mixed),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(what_is_required_must_be_given),
        cmocka_unit_test(unknown_variables_are_warned_of),
        cmocka_unit_test(secrets_come_from_files),
        cmocka_unit_test(secrets_come_from_the_environment),
        cmocka_unit_test(secrets_are_refused_on_the_command_line),
        cmocka_unit_test(unusable_secret_files_are_named),
        cmocka_unit_test(the_largest_secret_is_read),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(version_names_program_and_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
