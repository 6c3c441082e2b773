#include "issue-worker/advice/advice_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/option.h"
#include "common/base/privilege.h"
#include "common/base/strbuf.h"
#include "issue-worker/advice/advice_sample.h"
#include "issue-worker/advice/advice_text.h"
#include "issue-worker/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(name) offsetof(struct advice_options, name)

struct advice_options {
    const char *group;
    int64_t interval_s;
    int64_t drain_s;
    int64_t capacity;
    bool json;
    struct kafka_options kafka;
    struct privilege_options privilege;
};

static const struct option_spec specs[] = {
    {.name = "kafka-group",
     .type = OPTION_TEXT,
     .offset = FIELD(group),
     .default_value = WORKER_GROUP,
     .min = 1,
     .max = 249,
     .argument = "NAME",
     .help = "The workers' consumer group."},
    {.name = "interval",
     .type = OPTION_NUMBER,
     .offset = FIELD(interval_s),
     .flag_only = true,
     .default_value = "10",
     .min = 1,
     .max = 600,
     .argument = "SECONDS",
     .help = "How long to look."},
    {.name = "drain",
     .type = OPTION_NUMBER,
     .offset = FIELD(drain_s),
     .flag_only = true,
     .default_value = "60",
     .min = 1,
     .max = 86400,
     .argument = "SECONDS",
     .help = "In which the lag is to be worked off, beside what comes."},
    {.name = "capacity",
     .type = OPTION_NUMBER,
     .offset = FIELD(capacity),
     .flag_only = true,
     .default_value = "0",
     .min = 0,
     .max = 10000000,
     .argument = "RECORDS",
     .help =
         "What a consumer decides in a second; 0: what the fastest of those was seen to do that "
         "had something left."},
    {.name = "json",
     .type = OPTION_FLAG,
     .offset = FIELD(json),
     .flag_only = true,
     .default_value = "false",
     .help = "One line of JSON instead of a table."},
};

static enum option_result read_options(struct advice_options *options, int argc, char **argv)
{
    const struct option_group groups[] = {
        {"Advice", specs, COUNT(specs), options},
        {"Kafka", kafka_option_specs, kafka_option_count, &options->kafka},
        {"Process", privilege_option_specs, privilege_option_count, &options->privilege},
        {"The worker's", NULL, 0, NULL},
    };

    return option_read(
        "issue-worker advice", "issue-worker advice [OPTION]...",
        "Looks at the topic and the consumer group for a while, and says how many consumers help, "
        "and whether more partitions would: a partition is one consumer's work at most, so more "
        "consumers than partitions idle, and one partition that is busier than a consumer is fast "
        "is helped by none. Changes nothing. Exit codes: 0 said something, 64 wrong usage, 69 "
        "Kafka "
        "is away.",
        groups, COUNT(groups), argc, argv);
}

static void wait_seconds(int64_t seconds)
{
    const struct timespec pause = {.tv_sec = seconds};

    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

/* What happened between the samples; as many partitions as both know. */
static struct advice_partition *compare(const struct advice_sample *first,
                                        const struct advice_sample *last, size_t *count)
{
    double seconds = (double)(last->at_us - first->at_us) / 1e6;
    struct advice_partition *partitions;

    *count = first->count < last->count ? first->count : last->count;
    partitions = calloc(*count + 1, sizeof *partitions);
    CHECK(partitions, "out of memory");
    for (size_t i = 0; i < *count; i++) {
        const struct advice_place *from = &first->places[i], *to = &last->places[i];

        partitions[i].lag = to->end - to->decided;
        partitions[i].in = (double)(to->end - from->end) / seconds;
        partitions[i].out = (double)(to->decided - from->decided) / seconds;
    }
    return partitions;
}

static void print(const struct advice_options *options, const struct advice_sample *first,
                  const struct advice_sample *last)
{
    struct advice_question question = {
        .consumers = last->consumers,
        .capacity = (double)options->capacity,
        .drain_s = (double)options->drain_s,
    };
    struct advice_partition *partitions = compare(first, last, &question.count);
    struct strbuf out = STRBUF_INIT;
    struct advice advice;

    question.partitions = partitions;
    advice = advice_decide(&question);
    if (options->json)
        advice_text_add_json(&out, options->kafka.topic, options->group, &question, &advice);
    else
        advice_text_add(&out, options->kafka.topic, options->group, &question, &advice);
    fputs(out.data, stdout);
    strbuf_free(&out);
    free(partitions);
}

static int run(const struct advice_options *options)
{
    struct advice_sample first = {0}, last = {0};
    char error[512];
    struct advice_client *client =
        advice_client_new(&options->kafka, options->group, error, sizeof error);
    bool seen = false;

    if (client && advice_sample_take(client, &first, error, sizeof error)) {
        wait_seconds(options->interval_s);
        seen = advice_sample_take(client, &last, error, sizeof error);
    }
    if (seen)
        print(options, &first, &last);
    else
        fprintf(stderr, "issue-worker advice: %s\n", error);
    advice_sample_free(&first);
    advice_sample_free(&last);
    advice_client_free(client);
    return !seen ? EX_UNAVAILABLE : fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int advice_command(int argc, char **argv)
{
    struct advice_options options = {0};

    switch (read_options(&options, argc, argv)) {
    case OPTION_EXIT_OK:
        return EX_OK;
    case OPTION_EXIT_USAGE:
        return EX_USAGE;
    case OPTION_RUN:
        break;
    }
    log_init("issue-worker", LOG_LEVEL_ERROR);
    privilege_drop(&options.privilege);
    return run(&options);
}
