#include "issue-worker/events/statistics_command.h"

#include <sysexits.h>

#include "common/base/log.h"
#include "common/base/privilege.h"
#include "issue-worker/events/event_consumer.h"
#include "issue-worker/events/statistics_store.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DESCRIPTORS 20

struct statistics_options {
    const char *events_topic;
    const char *group;
    const char *management_listen;
    const char *log_level;
    int64_t batch_events;
    int64_t minutes_retention_s;
    struct kafka_options kafka;
    struct redis_options redis;
    struct privilege_options privilege;
};

static const struct option_spec specs[] = {
    {.name = "events-topic",
     .type = OPTION_TEXT,
     .offset = offsetof(struct statistics_options, events_topic),
     .default_value = "coupon-events",
     .min = 1,
     .max = 249,
     .argument = "TOPIC",
     .help = "Where the events are."},
    {.name = "kafka-group",
     .type = OPTION_TEXT,
     .offset = offsetof(struct statistics_options, group),
     .default_value = "coupon-statistics",
     .min = 1,
     .max = 249,
     .argument = "NAME",
     .help = "Consumer group, of statistics alone. Start as many as the topic has partitions, at "
             "most."},
    {.name = "minutes-retention",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct statistics_options, minutes_retention_s),
     .default_value = "2678400",
     .min = 60,
     .max = INT64_C(315360000),
     .argument = "SECONDS",
     .help = "How long Redis keeps the counts of single minutes after the last of their hour; "
             "totals stay."},
    {.name = "batch-events",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct statistics_options, batch_events),
     .default_value = "200",
     .min = 1,
     .max = 2000,
     .argument = "EVENTS",
     .help = "Most events counted by one script, while which Redis does nothing else."},
    {.name = "management-listen",
     .type = OPTION_TEXT,
     .offset = offsetof(struct statistics_options, management_listen),
     .default_value = "127.0.0.1:8084",
     .min = 3,
     .max = 255,
     .argument = "HOST:PORT",
     .help = "Where /livez, /readyz and /metrics are served."},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct statistics_options, log_level),
     .default_value = "info",
     .choices = "error|warn|info|debug",
     .argument = "LEVEL",
     .help = "How much is logged, as JSON lines to standard error."},
};

static enum option_result read_options(struct statistics_options *options, int argc, char **argv)
{
    const struct option_group groups[] = {
        {"Statistics", specs, COUNT(specs), options},
        {"Kafka", kafka_option_specs, kafka_option_count, &options->kafka},
        {"Redis", redis_option_specs, redis_option_count, &options->redis},
        {"Process", privilege_option_specs, privilege_option_count, &options->privilege},
    };

    return option_read("issue-worker statistics", "issue-worker statistics [OPTION]...",
                       "Counts the events of each coupon, in all and by the minute, into Redis, "
                       "each event once. When Redis has lost the counts, they are counted again "
                       "from what the topic still holds. To have that done on purpose, delete the "
                       "keys that begin with {coupon-statistics}.",
                       groups, COUNT(groups), argc, argv);
}

static int count_events(struct service *service, void *cookie)
{
    const struct statistics_options *options = cookie;
    const struct event_consumer_config config = {
        .kafka = &options->kafka,
        .topic = options->events_topic,
        .group = options->group,
        .client_id = "coupon-statistics",
        .batch_max = options->batch_events,
    };
    struct statistics_store *store =
        statistics_store_new(&options->redis, options->events_topic, options->minutes_retention_s);
    struct event_sink sink = statistics_store_sink(store);
    int status = event_consumer_run(&config, &sink, service);

    statistics_store_free(store);
    return status;
}

int statistics_command(int argc, char **argv)
{
    struct statistics_options options = {0};
    struct service_work work = {
        .ready_name = "it has joined its group",
        .descriptors = DESCRIPTORS,
        .run = count_events,
        .cookie = &options,
    };
    enum log_level level = LOG_LEVEL_INFO;
    char error[256];

    switch (read_options(&options, argc, argv)) {
    case OPTION_EXIT_OK:
        return EX_OK;
    case OPTION_EXIT_USAGE:
        return EX_USAGE;
    case OPTION_RUN:
        break;
    }
    log_level_parse(options.log_level, &level);
    log_init("issue-worker-statistics", level);
    privilege_drop(&options.privilege);
    if (!redis_options_check(&options.redis, error, sizeof error)) {
        log_error("bad_option", "%s", error);
        return EX_CONFIG;
    }
    work.management_listen = options.management_listen;
    return service_run(&work);
}
