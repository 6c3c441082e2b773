#include "common/kafka/kafka_conf.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

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

static bool set_property(rd_kafka_conf_t *conf, const char *property,
                         const struct kafka_setting *fixed, char *error, size_t error_size)
{
    const char *equals = strchr(property, '=');
    char name[128];

    if (!equals || equals == property || (size_t)(equals - property) >= sizeof name) {
        snprintf(error, error_size, "Kafka property \"%s\": give it as NAME=VALUE", property);
        return false;
    }
    memcpy(name, property, (size_t)(equals - property));
    name[equals - property] = '\0';
    for (; fixed && fixed->name; fixed++) {
        if (strcmp(fixed->name, name) == 0) {
            snprintf(error, error_size,
                     "Kafka property %s can't be set: the promises rest on its value, %s", name,
                     fixed->value);
            return false;
        }
    }
    return set(conf, name, equals + 1, error, error_size);
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
    if (!set_all(conf, fixed, error, error_size))
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
