#include "issue-worker/relay/relay_options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct option_spec specs[] = {
    {.name = "events-topic",
     .type = OPTION_TEXT,
     .offset = offsetof(struct relay_options, events_topic),
     .default_value = "coupon-events",
     .min = 1,
     .max = 249,
     .argument = "TOPIC",
     .help = "Where events are published; it must exist."},
    {.name = "transactional-id",
     .type = OPTION_TEXT,
     .offset = offsetof(struct relay_options, transactional_id),
     .default_value = "coupon-outbox-relay",
     .min = 1,
     .max = 249,
     .argument = "ID",
     .help = "By which Kafka tells the relay that is active from older ones: the same for all "
             "relays of one database, and of one database alone."},
    {.name = "chunk-events",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct relay_options, chunk_events),
     .default_value = "500",
     .min = 1,
     .max = 999, /* from 1000 on MariaDB plans IN lists another way */
     .argument = "EVENTS",
     .help = "Most events published in one Kafka transaction."},
    {.name = "poll-interval",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct relay_options, poll_interval_ms),
     .default_value = "100",
     .min = 5,
     .max = 60000,
     .argument = "MILLISECONDS",
     .help = "Longest time between two looks at an empty outbox; after events they are closer "
             "together for a while."},
    {.name = "lease",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct relay_options, lease_s),
     .default_value = "10",
     .min = 10,
     .max = 600,
     .argument = "SECONDS",
     .help = "After that long another relay takes over from one that died or froze."},
    {.name = "management-listen",
     .type = OPTION_TEXT,
     .offset = offsetof(struct relay_options, management_listen),
     .default_value = "127.0.0.1:8083",
     .min = 3,
     .max = 255,
     .argument = "HOST:PORT",
     .help = "Where /livez, /readyz and /metrics are served."},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct relay_options, log_level),
     .default_value = "info",
     .choices = "error|warn|info|debug",
     .argument = "LEVEL",
     .help = "How much is logged, as JSON lines to standard error."},
};

enum option_result relay_options_read(struct relay_options *options, int argc, char **argv)
{
    const struct option_group groups[] = {
        {"Relay", specs, COUNT(specs), options},
        {"Kafka", kafka_option_specs, kafka_option_count, &options->kafka},
        {"MySQL", sql_option_specs, sql_option_count, &options->sql},
        {"Process", privilege_option_specs, privilege_option_count, &options->privilege},
    };

    return option_read("issue-worker relay", "issue-worker relay [OPTION]...",
                       "Publishes the events that wait in the outbox to Kafka, in the order of "
                       "each coupon's changes. Start two, on two machines: one is active, the "
                       "other takes over when it dies or freezes. SIGTERM finishes the open chunk.",
                       groups, COUNT(groups), argc, argv);
}
