/* What an operator sets is what the program gets, and the mistakes are named. */
#include "tests/unit/option_world.h"

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
