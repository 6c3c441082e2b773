/* A property of the user's wins over a default and may not touch what the promises rest on;
 * whatever is wrong with it is told with its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/kafka/kafka_conf.h"

static const struct kafka_setting defaults[] = {
    {"linger.ms", "2"},
    {"client.id", "coupon"},
    {NULL, NULL},
};

static const struct kafka_setting fixed[] = {
    {"enable.auto.commit", "false"},
    {"isolation.level", "read_committed"},
    {NULL, NULL},
};

static struct kafka_options options_of(const char *const *properties, size_t count)
{
    struct kafka_options options = {.brokers = "127.0.0.1:19092"};

    for (size_t i = 0; i < count; i++)
        options.properties.items[i] = properties[i];
    options.properties.count = count;
    return options;
}

static void expect_setting(rd_kafka_conf_t *conf, const char *name, const char *expected)
{
    char value[256] = "";
    size_t size = sizeof value;

    assert_int_equal(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK);
    if (strcmp(value, expected) != 0)
        fail_msg("%s: expected %s, saw %s", name, expected, value);
}

static void the_users_property_wins_over_a_default(void **state)
{
    const char *properties[] = {"linger.ms=7", "statistics.interval.ms=1000", "group.id=a=b",
                                "linger.ms=9", "client.rack="};
    struct kafka_options options = options_of(properties, 5);
    char error[200] = "";
    rd_kafka_conf_t *conf = kafka_conf_new(&options, defaults, fixed, error, sizeof error);

    (void)state;
    if (conf == NULL)
        fail_msg("refused: %s", error);
    expect_setting(conf, "bootstrap.servers", "127.0.0.1:19092");
    expect_setting(conf, "linger.ms", "9"); /* the last one */
    expect_setting(conf, "client.id", "coupon");
    expect_setting(conf, "statistics.interval.ms", "1000");
    expect_setting(conf, "group.id", "a=b"); /* only the first '=' parts */
    expect_setting(conf, "enable.auto.commit", "false");
    expect_setting(conf, "isolation.level", "read_committed");
    rd_kafka_conf_destroy(conf);
}

static void tables_may_be_left_out(void **state)
{
    struct kafka_options options = options_of(NULL, 0);
    char error[200] = "";
    rd_kafka_conf_t *conf = kafka_conf_new(&options, NULL, NULL, error, sizeof error);

    (void)state;
    if (conf == NULL)
        fail_msg("refused: %s", error);
    expect_setting(conf, "bootstrap.servers", "127.0.0.1:19092");
    rd_kafka_conf_destroy(conf);
}

static void what_is_wrong_is_told_by_name(void **state)
{
    static const struct {
        const char *property, *part1, *part2;
    } rows[] = {
        {"enable.auto.commit=true", "enable.auto.commit", "promises"},
        {"enable.auto.commit=false", "enable.auto.commit", "false"}, /* the same value, too */
        {"isolation.level=", "isolation.level", "read_committed"},
        {"linger.ms", "\"linger.ms\"", "NAME=VALUE"},
        {"=5", "\"=5\"", "NAME=VALUE"},
        {"", "\"\"", "NAME=VALUE"},
        {"no.such.property=1", "no.such.property", "No such"},
        {" linger.ms=1", " linger.ms", "No such"},
        {"linger.ms=soon", "linger.ms", "Invalid"},
        {"linger.ms=-5", "linger.ms", "range"},
        {"isolation.levels=x", "isolation.levels", "No such"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *properties[] = {"statistics.interval.ms=5", rows[i].property};
        struct kafka_options options = options_of(properties, 2);
        char error[200] = "";

        if (kafka_conf_new(&options, defaults, fixed, error, sizeof error) != NULL)
            fail_msg("\"%s\" passed", rows[i].property);
        if (strstr(error, rows[i].part1) == NULL || strstr(error, rows[i].part2) == NULL)
            fail_msg("\"%s\": expected \"…%s…%s…\", saw \"%s\"", rows[i].property, rows[i].part1,
                     rows[i].part2, error);
    }
}

static void a_name_without_end_is_refused(void **state)
{
    char property[400];
    const char *properties[] = {property};
    struct kafka_options options = options_of(properties, 1);
    char error[64] = "";

    (void)state;
    memset(property, 'x', sizeof property);
    memcpy(property + sizeof property - 3, "=1", 3);
    assert_null(kafka_conf_new(&options, defaults, fixed, error, sizeof error));
    assert_memory_equal(error, "Kafka property", 14);
    assert_int_equal(error[sizeof error - 1], '\0');
}

static void a_password_comes_from_the_file_alone(void **state)
{
    static const char *const secrets[] = {"sasl.password=hunter2",
                                          "ssl.key.password=hunter2",
                                          "ssl.key.pem=hunter2",
                                          "ssl.keystore.password=hunter2",
                                          "sasl.oauthbearer.config=hunter2",
                                          "sasl.oauthbearer.client.secret=hunter2"};
    struct kafka_options options = options_of(NULL, 0);
    char error[300] = "";
    rd_kafka_conf_t *conf;

    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        options = options_of(&secrets[i], 1);
        assert_null(kafka_conf_new(&options, defaults, fixed, error, sizeof error));
        if (strstr(error, "--kafka-properties-file FILE") == NULL ||
            strstr(error, "hunter2") != NULL)
            fail_msg("%s: saw \"%s\"", secrets[i], error);
    }
    options = options_of(NULL, 0);
    options.properties_file = "# login\r\n\r\nsasl.username=me\nsasl.password=hunter2=#\r\n\n";
    conf = kafka_conf_new(&options, defaults, fixed, error, sizeof error);
    if (conf == NULL)
        fail_msg("refused: %s", error);
    expect_setting(conf, "sasl.username", "me");
    expect_setting(conf, "sasl.password", "hunter2=#");
    rd_kafka_conf_destroy(conf);
}

static void what_is_wrong_in_the_file_is_told_by_its_line(void **state)
{
    static const struct {
        const char *lines, *part1, *part2;
    } rows[] = {
        {"#\nhunter2", "line 2", "NAME=VALUE"},
        {"=hunter2", "line 1", "NAME=VALUE"},
        {"client.id=a\n\nlinger.ms=hunter2\n", "line 3", "linger.ms"},
        {"no.such.property=hunter2", "line 1", "no.such.property"},
        {"enable.auto.commit=hunter2", "enable.auto.commit", "promises"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct kafka_options options = options_of(NULL, 0);
        char error[300] = "";

        options.properties_file = rows[i].lines;
        assert_null(kafka_conf_new(&options, defaults, fixed, error, sizeof error));
        if (strstr(error, rows[i].part1) == NULL || strstr(error, rows[i].part2) == NULL ||
            strstr(error, "hunter2") != NULL)
            fail_msg("\"%s\": saw \"%s\"", rows[i].lines, error);
    }
}

static void a_producer_is_idempotent_and_places_as_java_does(void **state)
{
    static const char *const names[] = {"enable.idempotence=false", "acks=1", "partitioner=random",
                                        "allow.auto.create.topics=true"};
    const char *properties[] = {"compression.type=lz4"};
    struct kafka_options options = options_of(properties, 1);
    char error[200] = "";
    rd_kafka_conf_t *conf = kafka_conf_new_producer(&options, defaults, error, sizeof error);

    (void)state;
    if (conf == NULL)
        fail_msg("refused: %s", error);
    expect_setting(conf, "enable.idempotence", "true");
    expect_setting(conf, "allow.auto.create.topics", "false");
    expect_setting(conf, "compression.type", "lz4");
    expect_setting(conf, "acks", "-1"); /* all */
    expect_setting(conf, "partitioner", "murmur2_random");
    rd_kafka_conf_destroy(conf);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        options = options_of(&names[i], 1);
        if (kafka_conf_new_producer(&options, NULL, error, sizeof error) != NULL)
            fail_msg("%s passed", names[i]);
        if (strstr(error, "promises") == NULL)
            fail_msg("%s: saw \"%s\"", names[i], error);
    }
}

/* Other names of librdkafka for a fixed property don't get past it. */
static void an_alias_does_not_win(void **state)
{
    const char *properties[] = {"request.required.acks=0"};
    struct kafka_options options = options_of(properties, 1);
    char error[200] = "";
    rd_kafka_conf_t *conf = kafka_conf_new_producer(&options, NULL, error, sizeof error);

    (void)state;
    if (conf == NULL)
        return;
    expect_setting(conf, "acks", "-1");
    rd_kafka_conf_destroy(conf);
}

static void certificates_without_encryption_are_refused(void **state)
{
    static const struct {
        const char *properties[2];
        bool good;
    } rows[] = {
        {{"ssl.ca.location=/ca.pem", "client.id=a"}, false},
        {{"ssl.ca.location=/ca.pem", "security.protocol=sasl_plaintext"}, false},
        {{"ssl.certificate.location=/c.pem", "security.protocol=plaintext"}, false},
        {{"ssl.ca.location=/ca.pem", "security.protocol=ssl"}, true},
        {{"ssl.ca.location=/ca.pem", "security.protocol=SASL_SSL"}, true},
        {{"security.protocol=ssl", "client.id=a"}, true},
        {{"security.protocol=plaintext", "client.id=a"}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *properties[] = {rows[i].properties[0], rows[i].properties[1]};
        struct kafka_options options = options_of(properties, 2);
        char error[300] = "";
        rd_kafka_conf_t *conf = kafka_conf_new(&options, defaults, fixed, error, sizeof error);

        if ((conf != NULL) != rows[i].good ||
            (!conf && strstr(error, "nothing would be encrypted") == NULL))
            fail_msg("%s and %s: saw %s \"%s\"", properties[0], properties[1],
                     conf ? "good" : "refused", error);
        if (conf)
            rd_kafka_conf_destroy(conf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_users_property_wins_over_a_default),
        cmocka_unit_test(tables_may_be_left_out),
        cmocka_unit_test(what_is_wrong_is_told_by_name),
        cmocka_unit_test(a_name_without_end_is_refused),
        cmocka_unit_test(a_password_comes_from_the_file_alone),
        cmocka_unit_test(what_is_wrong_in_the_file_is_told_by_its_line),
        cmocka_unit_test(a_producer_is_idempotent_and_places_as_java_does),
        cmocka_unit_test(an_alias_does_not_win),
        cmocka_unit_test(certificates_without_encryption_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
