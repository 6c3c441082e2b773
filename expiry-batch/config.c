#include "expiry-batch/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct option_spec expiry_specs[] = {
    {.name = "dry-run",
     .type = OPTION_FLAG,
     .offset = offsetof(struct expiry_config, dry_run),
     .default_value = "false",
     .help = "Count what is due and change nothing."},
    {.name = "limit",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct expiry_config, limit),
     .default_value = "0",
     .min = 0,
     .max = INT64_C(1000000000000),
     .argument = "ROWS",
     .help = "Stop after that many changed rows; 0: no limit. The next run goes on."},
    {.name = "time-budget",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct expiry_config, time_budget_s),
     .default_value = "0",
     .min = 0,
     .max = 86400,
     .argument = "SECONDS",
     .help = "Begin no further chunk after that time; 0: no limit. The next run goes on."},
    {.name = "chunk-rows",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct expiry_config, chunk_rows),
     .default_value = "900",
     .min = 1,
     .max = 999, /* from 1000 on MariaDB plans IN lists another way */
     .argument = "ROWS",
     .help = "Most rows changed in one transaction."},
    {.name = "result-retention",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct expiry_config, result_retention_s),
     .default_value = "7776000",
     .min = 0,
     .max = INT64_C(3153600000),
     .argument = "SECONDS",
     .help = "Delete the results of requests that were decided longer ago, so that their ids are "
             "unknown again; 0: keep all. Choose more than the topic's retention and than any "
             "client's patience."},
    {.name = "outbox-retention",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct expiry_config, outbox_retention_s),
     .default_value = "604800",
     .min = 0,
     .max = INT64_C(3153600000),
     .argument = "SECONDS",
     .help = "Delete events from the outbox that were published longer ago; 0: keep all. What is "
             "not published stays."},
    {.name = "order-retention",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct expiry_config, order_retention_s),
     .default_value = "7776000",
     .min = 0,
     .max = INT64_C(3153600000),
     .argument = "SECONDS",
     .help = "Forget orders that were cancelled longer ago before they used any coupon; 0: keep "
             "all. Choose more than the retention of the shop's topics: a payment that comes after "
             "it would use a coupon."},
    {.name = "events",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct expiry_config, events),
     .default_value = "on",
     .choices = "on|off",
     .argument = "on|off",
     .help = "Whether what expires is written to the outbox too, for issue-worker relay to "
             "publish."},
    {.name = "progress",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct expiry_config, progress),
     .default_value = "auto",
     .choices = "auto|on|off",
     .argument = "WHEN",
     .help = "Show a progress line on standard error; auto: when that is a terminal."},
    {.name = "metrics-file",
     .type = OPTION_TEXT,
     .offset = offsetof(struct expiry_config, metrics_file),
     .min = 1,
     .max = 4000,
     .argument = "FILE",
     .help = "Write metrics there after a run that came to its end, for Prometheus node_exporter's "
             "textfile collector; replaced in one step."},
    {.name = "pushgateway",
     .type = OPTION_TEXT,
     .offset = offsetof(struct expiry_config, pushgateway),
     .min = 8,
     .max = 2000,
     .argument = "URL",
     .help = "Push the same metrics to a Prometheus Pushgateway there, such as "
             "http://pushgateway:9091, in the place of the last run's."},
    {.name = "pushgateway-job",
     .type = OPTION_TEXT,
     .offset = offsetof(struct expiry_config, pushgateway_job),
     .default_value = "expiry-batch",
     .min = 1,
     .max = 64,
     .argument = "NAME",
     .help = "Their label job; letters, digits and ._- only."},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct expiry_config, log_level),
     .default_value = "info",
     .choices = "error|warn|info|debug",
     .argument = "LEVEL",
     .help = "How much is logged, as JSON lines to standard error."},
};

enum option_result expiry_config_read(struct expiry_config *config, int argc, char **argv)
{
    const struct option_group groups[] = {
        {"Expiry", expiry_specs, COUNT(expiry_specs), config},
        {"Process", privilege_option_specs, privilege_option_count, &config->privilege},
        {"MySQL", sql_option_specs, sql_option_count, &config->sql},
    };

    return option_read(
        "expiry-batch", "expiry-batch [OPTION]...",
        "Closes coupons whose window is over, expires users' coupons whose time is over, and "
        "deletes old results and published events, in small transactions on the database's clock; "
        "then ends. Run it from cron. "
        "One line of JSON on standard output sums the run up. One runs at a time: another one ends "
        "at once. Killed at any point it loses nothing, and the next run goes on.\n\n"
        "Exit: 0 done, or a limit reached, or another one runs; 64 wrong usage; 69 the database is "
        "away or refuses; 74 the metrics can't be written or pushed; 75 ended by a signal; 78 the "
        "schema does not fit.",
        groups, COUNT(groups), argc, argv);
}
