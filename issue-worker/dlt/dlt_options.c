#include "issue-worker/dlt/dlt_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/option_value.h"
#include "common/base/timestamp.h"
#include "common/redis/redis_options.h"
#include "issue-worker/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(name) offsetof(struct dlt_options, name)

#define LIMIT_SPEC                                                                                 \
    {                                                                                              \
        .name = "limit", .type = OPTION_NUMBER, .offset = FIELD(limit), .flag_only = true,         \
        .min = 1, .max = INT64_MAX, .argument = "N",                                               \
        .help = "Stop after so many dead letters; without it there is no limit."                   \
    }
#define FORMAT_SPEC                                                                                \
    {                                                                                              \
        .name = "format", .type = OPTION_CHOICE, .offset = FIELD(format), .flag_only = true,       \
        .default_value = "text", .choices = "text|json", .argument = "FORMAT",                     \
        .help = "text for people, or json: one object a line."                                     \
    }
#define ALL_SPEC                                                                                   \
    {                                                                                              \
        .name = "all", .type = OPTION_FLAG, .offset = FIELD(all), .flag_only = true,               \
        .help = "Every open dead letter: needed where neither ids nor a filter are given."         \
    }
#define DRY_RUN_SPEC                                                                               \
    {                                                                                              \
        .name = "dry-run", .type = OPTION_FLAG, .offset = FIELD(dry_run), .flag_only = true,       \
        .help = "Say what would be done, and do nothing."                                          \
    }
#define ACTOR_SPEC                                                                                 \
    {                                                                                              \
        .name = "actor", .type = OPTION_TEXT, .offset = FIELD(actor), .flag_only = true, .min = 1, \
        .max = 100, .argument = "NAME",                                                            \
        .help = "Who does this, for the audit table; without it $USER, else the numeric user id."  \
    }

static const struct option_spec filter_specs[] = {
    {.name = "coupon",
     .type = OPTION_NUMBER,
     .offset = FIELD(coupon),
     .flag_only = true,
     .min = 1,
     .max = INT64_MAX,
     .argument = "ID",
     .help = "Only records that name this coupon."},
    {.name = "cause",
     .type = OPTION_TEXT,
     .offset = FIELD(cause),
     .flag_only = true,
     .min = 1,
     .max = 255,
     .argument = "TEXT",
     .help = "Only letters whose cause has this text in it, in any case of letters: WRONG_SHAPE, "
             "REFUSED, DeserializationException."},
    {.name = "since",
     .type = OPTION_TEXT,
     .offset = FIELD(since),
     .flag_only = true,
     .min = 1,
     .max = 64,
     .argument = "TIME",
     .help = "Only what became a dead letter at this time or later: RFC 3339, "
             "2022-02-26T11:31:42Z; without an offset it is UTC."},
    {.name = "until",
     .type = OPTION_TEXT,
     .offset = FIELD(until),
     .flag_only = true,
     .min = 1,
     .max = 64,
     .argument = "TIME",
     .help = "Only what became a dead letter before this time."},
    LIMIT_SPEC,
};

static const struct option_spec list_specs[] = {
    {.name = "state",
     .type = OPTION_CHOICE,
     .offset = FIELD(state),
     .flag_only = true,
     .default_value = "open",
     .choices = "open|replayed|discarded|all",
     .argument = "STATE",
     .help =
         "Only letters in this state; open takes those in whose replay this command was ended."},
    FORMAT_SPEC,
};

static const struct option_spec show_specs[] = {FORMAT_SPEC};

static const struct option_spec replay_specs[] = {
    ALL_SPEC,
    DRY_RUN_SPEC,
    {.name = "rate",
     .type = OPTION_NUMBER,
     .offset = FIELD(rate),
     .flag_only = true,
     .default_value = "50",
     .min = 1,
     .max = 100000,
     .argument = "RECORDS",
     .help = "At most so many records a second."},
    ACTOR_SPEC,
    {.name = "reason",
     .type = OPTION_TEXT,
     .offset = FIELD(reason),
     .flag_only = true,
     .min = 1,
     .max = 500,
     .argument = "TEXT",
     .help = "Why, for the audit table."},
    FORMAT_SPEC,
};

static const struct option_spec discard_specs[] = {
    ALL_SPEC,
    DRY_RUN_SPEC,
    ACTOR_SPEC,
    {.name = "reason",
     .type = OPTION_TEXT,
     .offset = FIELD(reason),
     .flag_only = true,
     .required = true,
     .min = 1,
     .max = 500,
     .argument = "TEXT",
     .help = "Why, for the audit table."},
    FORMAT_SPEC,
};

#define IDS                                                                                        \
    "An ID is PARTITION:OFFSET or TOPIC:PARTITION:OFFSET, a place in the dead-letter topic. "

static const struct verb {
    const char *name;
    const char *program; /* as it is called */
    const char *usage;
    const char *about;
    const struct option_spec *specs;
    size_t spec_count;
    bool has_filter;
} verbs[] = {
    [DLT_LIST] =
        {"list", "issue-worker dlt list", "issue-worker dlt list [ID]... [OPTION]...",
         "Lists dead letters, oldest first within each partition. " IDS
         "Letters about the same record, as a worker that was killed may leave them, are "
         "listed as one. Exit codes: 0 done, 64 wrong usage, 65 an id is not in the topic, "
         "69 Kafka or MySQL is away, 78 the schema is another release's.",
         list_specs, COUNT(list_specs), true},
    [DLT_SHOW] =
        {"show", "issue-worker dlt show", "issue-worker dlt show ID... [OPTION]...",
         "Shows all of a dead letter: key, value and headers (bytes that are not printable "
         "as \\xNN, in JSON as base64), what the request's result is now, and what was "
         "done about it. " IDS "Exit codes as those of list.",
         show_specs, COUNT(show_specs), false},
    [DLT_REPLAY] =
        {"replay", "issue-worker dlt replay",
         "issue-worker dlt replay ID...|FILTER...|--all [OPTION]...",
         "Produces the records of open dead letters to their topic again: same key, "
         "value, headers and timestamp. A worker decides such a record as a new one at "
         "its new place, by the time at which it was accepted, and the request's FAILED "
         "result becomes that decision; if it fails again, it is a new dead letter. What "
         "was replayed or discarded before is left out, and of a request that is decided "
         "nothing changes, so running this twice, or again after it was killed, does no "
         "harm. " IDS "Exit codes: 0 done, 64 wrong usage, 65 an id is not in the topic "
         "or a letter can't be replayed, 69 Kafka or MySQL is away, 75 another run is "
         "under way or this one was interrupted (in both cases run it again), 78 the "
         "schema is another release's.",
         replay_specs, COUNT(replay_specs), true},
    [DLT_DISCARD] = {"discard", "issue-worker dlt discard",
                     "issue-worker dlt discard ID...|FILTER...|--all --reason TEXT [OPTION]...",
                     "Closes open dead letters for good: they are not replayed any more, and their "
                     "requests stay FAILED. Nothing is deleted. " IDS "Exit codes as those of "
                     "replay.",
                     discard_specs, COUNT(discard_specs), true},
};

static bool fail(const struct verb *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(const struct verb *verb, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", verb->program);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nSee %s --help.\n", verb->program);
    return false;
}

static bool read_time(const struct verb *verb, const char *flag, const char *text, int64_t *wall_ms)
{
    if (!text || timestamp_parse(text, strlen(text), wall_ms))
        return true;
    return fail(verb, "%s: \"%s\" is not a time like 2022-02-26T11:31:42Z", flag, text);
}

static bool read_ids(struct dlt_options *options, const struct verb *verb, char **texts,
                     size_t count)
{
    struct dlt_ids *ids = &options->filter.ids;

    ids->items = calloc(count + 1, sizeof *ids->items);
    CHECK(ids->items, "out of memory");
    for (; ids->count < count; ids->count++)
        if (!dlt_id_parse(texts[ids->count], options->dead_letter_topic, &ids->items[ids->count]))
            return fail(verb, "\"%s\" is not an id of a dead letter in %s: PARTITION:OFFSET",
                        texts[ids->count], options->dead_letter_topic);
    dlt_ids_settle(ids);
    return true;
}

static void name_actor(struct dlt_options *options)
{
    const char *user = getenv("USER");
    char uid[32];

    if (options->actor)
        return;
    snprintf(uid, sizeof uid, "uid %lu", (unsigned long)getuid());
    options->actor = user && user[0] ? option_value_keep(user, strnlen(user, 100))
                                     : option_value_keep(uid, strlen(uid));
}

static bool settle(struct dlt_options *options, const struct verb *verb, char **ids,
                   size_t id_count)
{
    struct dlt_filter *filter = &options->filter;
    bool acts = options->verb == DLT_REPLAY || options->verb == DLT_DISCARD;

    snprintf(options->dead_letter_topic, sizeof options->dead_letter_topic, "%s%s",
             options->kafka.topic, options->kafka.dlt_suffix);
    *filter = dlt_filter_any();
    filter->coupon_id = (uint64_t)options->coupon;
    filter->cause = options->cause;
    if (!read_ids(options, verb, ids, id_count) ||
        !read_time(verb, "--since", options->since, &filter->since_ms) ||
        !read_time(verb, "--until", options->until, &filter->until_ms))
        return false;
    if (options->verb == DLT_SHOW && id_count == 0)
        return fail(verb, "which dead letter? Give its id; issue-worker dlt list shows them");
    if (acts && !options->all && !dlt_filter_is_narrow(filter))
        return fail(verb, "which dead letters? Give ids, a filter, or --all");
    if (acts && options->all && dlt_filter_is_narrow(filter))
        return fail(verb, "--all and ids or a filter contradict each other");
    name_actor(options);
    return true;
}

enum option_result dlt_options_read(struct dlt_options *options, enum dlt_verb which, int argc,
                                    char **argv)
{
    const struct verb *verb = &verbs[which];
    struct option_group groups[] = {
        {"What", filter_specs, verb->has_filter ? COUNT(filter_specs) : 0, options},
        {"How", verb->specs, verb->spec_count, options},
        {"Kafka", kafka_option_specs, kafka_option_count, &options->kafka},
        {"MySQL", sql_option_specs, sql_option_count, &options->sql},
        {"Process", privilege_option_specs, privilege_option_count, &options->privilege},
        /* A worker's environment is as good here. */
        {"Worker", worker_option_specs, worker_option_count, NULL},
        {"Redis", redis_option_specs, redis_option_count, NULL},
    };
    size_t skipped = verb->has_filter ? 0 : 1;
    enum option_result result;
    int ids = 0;

    *options = (struct dlt_options){.verb = which};
    while (1 + ids < argc && argv[1 + ids][0] != '-')
        ids++;
    result = option_read(verb->program, verb->usage, verb->about, groups + skipped,
                         COUNT(groups) - skipped, argc - ids, argv + ids);
    if (result == OPTION_RUN && !settle(options, verb, argv + 1, (size_t)ids))
        return OPTION_EXIT_USAGE;
    return result;
}

void dlt_options_free(struct dlt_options *options)
{
    free(options->filter.ids.items);
}
