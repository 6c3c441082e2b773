#include "issue-worker/shop/shop_config.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct option_spec shop_option_specs[] = {
    {.name = "payment-topic",
     .type = OPTION_TEXT,
     .offset = offsetof(struct shop_config, payment_topic),
     .default_value = "payment-completed",
     .min = 1,
     .max = 249,
     .argument = "TOPIC",
     .help = "Topic of the shop's payments: each that names a coupon is a use of it."},
    {.name = "cancel-topic",
     .type = OPTION_TEXT,
     .offset = offsetof(struct shop_config, cancel_topic),
     .default_value = "order-cancelled",
     .min = 1,
     .max = 249,
     .argument = "TOPIC",
     .help = "Topic of the shop's cancelled orders: each gives back the coupon it has used."},
    {.name = "shop-group",
     .type = OPTION_TEXT,
     .offset = offsetof(struct shop_config, worker.group),
     .default_value = "coupon-shop-group",
     .min = 1,
     .max = 249,
     .argument = "NAME",
     .help = "Consumer group."},
    {.name = "consumers",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct shop_config, worker.consumers),
     .default_value = "1",
     .min = 1,
     .max = 32,
     .argument = "N",
     .help =
         "Members of the group for each of the two topics, each a thread with its own Kafka and "
         "MySQL connections."},
    {.name = "batch-max",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct shop_config, worker.batch_max),
     .default_value = "200",
     .min = 1,
     .max = 5000,
     .argument = "RECORDS",
     .help = "Most records taken in one transaction."},
    {.name = "batch-age",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct shop_config, worker.batch_age_ms),
     .default_value = "5",
     .min = 0,
     .max = 1000,
     .argument = "MILLISECONDS",
     .help = "Longest time for which a batch is filled while more records keep coming."},
    {.name = "management-listen",
     .type = OPTION_TEXT,
     .offset = offsetof(struct shop_config, worker.management_listen),
     .default_value = "127.0.0.1:8086",
     .min = 3,
     .max = 255,
     .argument = "HOST:PORT",
     .help = "Where /livez, /readyz and /metrics are served."},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct shop_config, worker.log_level),
     .default_value = "info",
     .choices = "error|warn|info|debug",
     .argument = "LEVEL",
     .help = "How much is logged, as JSON lines to standard error."},
};

enum option_result shop_config_read(struct shop_config *config, int argc, char **argv)
{
    struct worker_config *worker = &config->worker;
    const struct option_group groups[] = {
        {"Shop", shop_option_specs, COUNT(shop_option_specs), config},
        {"Kafka (--kafka-topic is not used here)", kafka_option_specs, kafka_option_count,
         &worker->kafka},
        {"MySQL", sql_option_specs, sql_option_count, &worker->sql},
        {"Process", privilege_option_specs, privilege_option_count, &worker->privilege},
        {"Worker", worker_option_specs, worker_option_count, NULL},
        {"Redis", redis_option_specs, redis_option_count, NULL},
    };
    enum option_result result = option_read(
        "issue-worker shop", "issue-worker shop [OPTION]...",
        "Takes the shop's events from Kafka: a payment that names a coupon uses it, a cancelled "
        "order gives it back. In order, each once, with the fences, dead letters and pauses of the "
        "worker that decides issue requests. SIGTERM finishes the open batch and leaves the group.",
        groups, COUNT(groups), argc, argv);

    worker->events = "on";
    if (result != OPTION_RUN || strcmp(config->payment_topic, config->cancel_topic) != 0)
        return result;
    fputs("issue-worker shop: --payment-topic and --cancel-topic must be two topics\n", stderr);
    return OPTION_EXIT_USAGE;
}
