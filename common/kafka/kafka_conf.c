#include "common/kafka/kafka_conf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/kafka/kafka_tls.h"

#define NAME_SIZE 128

static void kafka_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    /* librdkafka uses syslog levels: 3 is error, 4 warning, 6 info. A lost connection is logged as
     * an error by it; the client reconnects by itself, so it is a warning here. */
    enum log_level own = level <= 2   ? LOG_LEVEL_ERROR
                         : level <= 4 ? LOG_LEVEL_WARN
                         : level <= 6 ? LOG_LEVEL_INFO
                                      : LOG_LEVEL_DEBUG;

    log_write(own, "kafka_client", "%s: %s: %s", client ? rd_kafka_name(client) : "-", facility,
              text);
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, char *error,
                size_t error_size)
{
    char text[256];

    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return true;
    snprintf(error, error_size, "Kafka property %s: %s", name, text);
    return false;
}

static bool set_all(rd_kafka_conf_t *conf, const struct kafka_setting *settings, char *error,
                    size_t error_size)
{
    for (; settings && settings->name; settings++)
        if (!set(conf, settings->name, settings->value, error, error_size))
            return false;
    return true;
}

/* Who may see the command line must not see these. */
static bool is_secret(const char *name)
{
    static const char *const secrets[] = {
        "sasl.password",         "ssl.key.password",        "ssl.key.pem",
        "ssl.keystore.password", "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret",
    };

    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (strcmp(secrets[i], name) == 0)
            return true;
    return false;
}

/* Split "NAME=VALUE". Returns where the value begins, or NULL. */
static const char *split_property(const char *property, size_t len, char name[NAME_SIZE])
{
    const char *equals = memchr(property, '=', len);

    if (!equals || equals == property || equals - property >= NAME_SIZE)
        return NULL;
    memcpy(name, property, (size_t)(equals - property));
    name[equals - property] = '\0';
    return equals + 1;
}

static bool is_free(const char *name, const struct kafka_setting *fixed, char *error,
                    size_t error_size)
{
    for (; fixed && fixed->name; fixed++) {
        if (strcmp(fixed->name, name) == 0) {
            snprintf(error, error_size,
                     "Kafka property %s can't be set: the promises rest on its value, %s", name,
                     fixed->value);
            return false;
        }
    }
    return true;
}

static bool set_property(rd_kafka_conf_t *conf, const char *property,
                         const struct kafka_setting *fixed, char *error, size_t error_size)
{
    char name[NAME_SIZE];
    const char *value = split_property(property, strlen(property), name);

    if (!value) {
        snprintf(error, error_size, "Kafka property \"%s\": give it as NAME=VALUE", property);
        return false;
    }
    if (is_secret(name)) {
        snprintf(error, error_size,
                 "Kafka property %s is a secret, which others see on a command line: put it into a "
                 "file and give --kafka-properties-file FILE",
                 name);
        return false;
    }
    return is_free(name, fixed, error, error_size) && set(conf, name, value, error, error_size);
}

/* One line of the file, of which no message shows the value. */
static bool set_line(rd_kafka_conf_t *conf, const char *line, size_t len, size_t number,
                     const struct kafka_setting *fixed, char *error, size_t error_size)
{
    char name[NAME_SIZE];
    const char *value = split_property(line, len, name);
    char *copy;
    bool ok;

    if (!value) {
        snprintf(error, error_size, "--kafka-properties-file, line %zu: give it as NAME=VALUE",
                 number);
        return false;
    }
    if (!is_free(name, fixed, error, error_size))
        return false;
    copy = strndup(value, len - (size_t)(value - line));
    CHECK(copy, "out of memory");
    ok = rd_kafka_conf_set(conf, name, copy, NULL, 0) == RD_KAFKA_CONF_OK;
    explicit_bzero(copy, strlen(copy));
    free(copy);
    if (!ok)
        snprintf(error, error_size,
                 "--kafka-properties-file, line %zu: librdkafka does not take this property %s",
                 number, name);
    return ok;
}

static bool set_file(rd_kafka_conf_t *conf, const char *lines, const struct kafka_setting *fixed,
                     char *error, size_t error_size)
{
    size_t len;

    for (size_t number = 1; lines && *lines; number++) {
        len = strcspn(lines, "\r\n");
        if (len > 0 && lines[0] != '#' &&
            !set_line(conf, lines, len, number, fixed, error, error_size))
            return false;
        lines += len;
        lines += *lines == '\r';
        lines += *lines == '\n';
    }
    return true;
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_options *options,
                                const struct kafka_setting *defaults,
                                const struct kafka_setting *fixed, char *error, size_t error_size)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    rd_kafka_conf_set_log_cb(conf, kafka_log);
    if (!set(conf, "bootstrap.servers", options->brokers, error, error_size) ||
        !set_all(conf, defaults, error, error_size))
        goto err0;
    for (size_t i = 0; i < options->properties.count; i++)
        if (!set_property(conf, options->properties.items[i], fixed, error, error_size))
            goto err0;
    if (!set_file(conf, options->properties_file, fixed, error, error_size) ||
        !set_all(conf, fixed, error, error_size) || !kafka_tls_settle(conf, error, error_size))
        goto err0;
    return conf;

err0:
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_conf_t *kafka_conf_new_producer(const struct kafka_options *options,
                                         const struct kafka_setting *defaults, char *error,
                                         size_t error_size)
{
    static const struct kafka_setting fixed[] = {
        {"enable.idempotence", "true"},        {"acks", "all"}, {"partitioner", "murmur2_random"},
        {"allow.auto.create.topics", "false"}, {NULL, NULL},
    };

    return kafka_conf_new(options, defaults, fixed, error, error_size);
}
