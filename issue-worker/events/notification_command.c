#include "issue-worker/events/notification_command.h"

#include <stdio.h>
#include <sysexits.h>

#include "common/base/log.h"
#include "common/base/privilege.h"
#include "issue-worker/events/event_consumer.h"
#include "issue-worker/events/notification_file.h"
#include "issue-worker/events/notification_webhook.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DESCRIPTORS 24

struct notification_options {
    const char *events_topic;
    const char *group;
    const char *management_listen;
    const char *log_level;
    int64_t batch_events;
    const char *file; /* NULL: a webhook */
    struct notification_webhook_options webhook;
    struct kafka_options kafka;
    struct privilege_options privilege;
};

static const struct option_spec specs[] = {
    {.name = "file",
     .type = OPTION_TEXT,
     .offset = offsetof(struct notification_options, file),
     .min = 1,
     .max = 4000,
     .argument = "FILE",
     .help = "Append a line of JSON for each event of a user's coupon; it is made if need be."},
    {.name = "webhook",
     .type = OPTION_TEXT,
     .offset = offsetof(struct notification_options, webhook.url),
     .min = 8,
     .max = 2000,
     .argument = "URL",
     .help = "POST each of them there instead, as CloudEvents with Idempotency-Key."},
    {.name = "webhook-authorization",
     .type = OPTION_SECRET,
     .offset = offsetof(struct notification_options, webhook.authorization),
     .help = "What its header Authorization says, such as Bearer and a token."},
    {.name = "webhook-tries",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct notification_options, webhook.tries),
     .default_value = "10",
     .min = 1,
     .max = 1000,
     .argument = "N",
     .help = "Calls for one event before it is given up, with pauses of up to 2 s between them."},
    {.name = "webhook-timeout",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct notification_options, webhook.timeout_ms),
     .default_value = "5000",
     .min = 10,
     .max = 60000,
     .argument = "MILLISECONDS",
     .help = "Longest time of one call."},
    {.name = "events-topic",
     .type = OPTION_TEXT,
     .offset = offsetof(struct notification_options, events_topic),
     .default_value = "coupon-events",
     .min = 1,
     .max = 249,
     .argument = "TOPIC",
     .help = "Where the events are."},
    {.name = "kafka-group",
     .type = OPTION_TEXT,
     .offset = offsetof(struct notification_options, group),
     .default_value = "coupon-notification",
     .min = 1,
     .max = 249,
     .argument = "NAME",
     .help = "Consumer group, one for each receiver."},
    {.name = "batch-events",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct notification_options, batch_events),
     .default_value = "50",
     .min = 1,
     .max = 2000,
     .argument = "EVENTS",
     .help = "Most events between two commits of the position: so many may come again at a webhook "
             "after a kill."},
    {.name = "management-listen",
     .type = OPTION_TEXT,
     .offset = offsetof(struct notification_options, management_listen),
     .default_value = "127.0.0.1:8085",
     .min = 3,
     .max = 255,
     .argument = "HOST:PORT",
     .help = "Where /livez, /readyz and /metrics are served."},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct notification_options, log_level),
     .default_value = "info",
     .choices = "error|warn|info|debug",
     .argument = "LEVEL",
     .help = "How much is logged, as JSON lines to standard error."},
};

static enum option_result read_options(struct notification_options *options, int argc, char **argv)
{
    const struct option_group groups[] = {
        {"Notification", specs, COUNT(specs), options},
        {"Kafka", kafka_option_specs, kafka_option_count, &options->kafka},
        {"Process", privilege_option_specs, privilege_option_count, &options->privilege},
    };

    return option_read("issue-worker notification",
                       "issue-worker notification --file FILE | --webhook URL [OPTION]...",
                       "Tells of each event of a user's coupon, in order: a line in a file, or a "
                       "call of a webhook. Each event is one line, killed wherever; a webhook is "
                       "called at least once.",
                       groups, COUNT(groups), argc, argv);
}

static int read_events(const struct notification_options *options, const struct event_sink *sink,
                       struct service *service)
{
    const struct event_consumer_config config = {
        .kafka = &options->kafka,
        .topic = options->events_topic,
        .group = options->group,
        .client_id = "coupon-notification",
        .batch_max = options->batch_events,
    };

    return event_consumer_run(&config, sink, service);
}

static int notify(struct service *service, void *cookie)
{
    const struct notification_options *options = cookie;
    struct notification_webhook *webhook = NULL;
    struct notification_file *file = NULL;
    struct event_sink sink;
    char error[512];
    int status;

    if (options->file)
        file = notification_file_open(options->file, error, sizeof error);
    else
        webhook = notification_webhook_new(&options->webhook, error, sizeof error);
    if (!file && !webhook) {
        log_error("start_failed", "%s", error);
        return EX_CANTCREAT;
    }
    sink = file ? notification_file_sink(file) : notification_webhook_sink(webhook);
    status = read_events(options, &sink, service);
    if (file)
        notification_file_close(file);
    else
        notification_webhook_free(webhook);
    return status;
}

int notification_command(int argc, char **argv)
{
    struct notification_options options = {0};
    struct service_work work = {
        .ready_name = "it has joined its group",
        .descriptors = DESCRIPTORS,
        .run = notify,
        .cookie = &options,
    };
    enum log_level level = LOG_LEVEL_INFO;

    switch (read_options(&options, argc, argv)) {
    case OPTION_EXIT_OK:
        return EX_OK;
    case OPTION_EXIT_USAGE:
        return EX_USAGE;
    case OPTION_RUN:
        break;
    }
    if (!options.file == !options.webhook.url) {
        fputs("issue-worker notification: give --file or --webhook, one of them\n", stderr);
        return EX_USAGE;
    }
    log_level_parse(options.log_level, &level);
    log_init("issue-worker-notification", level);
    privilege_drop(&options.privilege);
    work.management_listen = options.management_listen;
    return service_run(&work);
}
