#include "issue-worker/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct option_spec worker_option_specs[] = {
    {.name = "consumers",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct worker_config, consumers),
     .default_value = "1",
     .min = 1,
     .max = 64,
     .argument = "N",
     .help = "Members of the consumer group in this process, each a thread with its own Kafka and "
             "MySQL "
             "connections. More members than partitions idle."},
    {.name = "kafka-group",
     .type = OPTION_TEXT,
     .offset = offsetof(struct worker_config, group),
     .default_value = WORKER_GROUP,
     .min = 1,
     .max = 249,
     .argument = "NAME",
     .help = "Consumer group."},
    {.name = "batch-max",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct worker_config, batch_max),
     .default_value = "1000",
     .min = 1,
     .max = 5000,
     .argument = "RECORDS",
     .help = "Most records decided in one transaction."},
    {.name = "batch-age",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct worker_config, batch_age_ms),
     .default_value = "5",
     .min = 0,
     .max = 1000,
     .argument = "MILLISECONDS",
     .help = "Longest time for which a batch is filled while more records keep coming."},
    {.name = "result-ttl",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct worker_config, result_ttl_s),
     .default_value = "600",
     .min = 1,
     .max = 604800,
     .argument = "SECONDS",
     .help = "How long Redis keeps a result; MySQL keeps all."},
    {.name = "events",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct worker_config, events),
     .default_value = "on",
     .choices = "on|off",
     .argument = "on|off",
     .help = "Whether what is issued or sold out is written to the outbox too, for issue-worker "
             "relay to publish."},
    {.name = "reconcile-interval",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct worker_config, reconcile_interval_s),
     .default_value = "10",
     .min = 0,
     .max = 3600,
     .argument = "SECONDS",
     .help = "How often each partition's latest results, up to a thousand, are counted again in "
             "MySQL; what is missing is told as a metric. 0: never."},
    {.name = "management-listen",
     .type = OPTION_TEXT,
     .offset = offsetof(struct worker_config, management_listen),
     .default_value = WORKER_MANAGEMENT_LISTEN,
     .min = 3,
     .max = 255,
     .argument = "HOST:PORT",
     .help = "Where /livez, /readyz and /metrics are served."},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct worker_config, log_level),
     .default_value = "info",
     .choices = "error|warn|info|debug",
     .argument = "LEVEL",
     .help = "How much is logged, as JSON lines to standard error."},
};

const size_t worker_option_count = COUNT(worker_option_specs);

enum option_result worker_config_read(struct worker_config *config, int argc, char **argv)
{
    const struct option_group groups[] = {
        {"Worker", worker_option_specs, COUNT(worker_option_specs), config},
        {"Kafka", kafka_option_specs, kafka_option_count, &config->kafka},
        {"MySQL", sql_option_specs, sql_option_count, &config->sql},
        {"Redis", redis_option_specs, redis_option_count, &config->redis},
        {"Process", privilege_option_specs, privilege_option_count, &config->privilege},
    };

    return option_read(
        "issue-worker",
        "issue-worker [OPTION]...\n       issue-worker shop [OPTION]...\n"
        "       issue-worker dlt COMMAND ...\n"
        "       issue-worker relay [OPTION]...\n"
        "       issue-worker statistics [OPTION]...\n"
        "       issue-worker notification --file FILE | --webhook URL [OPTION]...\n"
        "       issue-worker advice ...\n       issue-worker probe ...",
        "Takes issue requests from Kafka, decides them in order, and keeps coupons and "
        "results in MySQL. Start as many as the topic has partitions; each takes its "
        "share. SIGTERM finishes the open batch and leaves the group. What can't be "
        "decided becomes a dead letter; issue-worker dlt --help says what to do about those. "
        "What is issued is told of in the outbox, from where issue-worker relay publishes it. "
        "issue-worker advice says how many workers help, issue-worker probe whether one is ready.",
        groups, COUNT(groups), argc, argv);
}
