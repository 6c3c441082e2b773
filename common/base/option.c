#include "common/base/option.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/option_help.h"
#include "common/base/option_name.h"
#include "common/base/option_reading.h"
#include "common/base/option_value.h"
#include "common/base/strbuf.h"

#ifndef COUPON_VERSION
#define COUPON_VERSION "0.1.0"
#endif

bool option_fail(const struct option_reading *reading, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", reading->program);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nSee %s --help.\n", reading->program);
    return false;
}

static void check_spec(const struct option_spec *spec)
{
    size_t len = strlen(spec->name);

    CHECK(len > 0 && len <= OPTION_NAME_MAX &&
              spec->name[strspn(spec->name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0',
          "option \"%s\"", spec->name);
    CHECK(spec->min <= spec->max, "bounds of --%s", spec->name);
    CHECK(spec->type != OPTION_CHOICE || spec->choices != NULL, "choices of --%s", spec->name);
    CHECK(spec->type != OPTION_SECRET || spec->default_value == NULL, "default of secret --%s",
          spec->name);
}

static void entries_make(struct option_reading *reading, const struct option_group *groups,
                         size_t group_count)
{
    size_t count = 0;

    for (size_t i = 0; i < group_count; i++)
        count += groups[i].spec_count;
    reading->entries = calloc(count + 1, sizeof *reading->entries);
    CHECK(reading->entries != NULL, "no memory for %zu options", count);
    for (size_t i = 0; i < group_count; i++) {
        for (size_t j = 0; j < groups[i].spec_count; j++) {
            struct option_entry *entry = &reading->entries[reading->entry_count++];

            entry->spec = &groups[i].specs[j];
            entry->target = groups[i].target;
            check_spec(entry->spec);
        }
    }
}

/* True: what was typed is the variable of an option; if not, suggestion has the nearest one. */
static bool is_known_variable(const struct option_reading *reading,
                              struct option_suggestion *suggestion)
{
    char known[OPTION_NAME_SIZE];

    for (size_t i = 0; i < reading->entry_count; i++) {
        const struct option_spec *spec = reading->entries[i].spec;

        if (spec->flag_only)
            continue;
        option_variable_name(spec, known);
        option_suggestion_consider(suggestion, known);
        if (spec->type == OPTION_SECRET) {
            option_file_variable_name(spec, known);
            option_suggestion_consider(suggestion, known);
        }
    }
    return suggestion->distance == 0;
}

/* True: a group stands for tables that are not at hand. */
static bool has_unknown_tables(const struct option_group *groups, size_t group_count)
{
    for (size_t i = 0; i < group_count; i++)
        if (!groups[i].specs)
            return true;
    return false;
}

static void warn_of_unknown_variables(const struct option_reading *reading)
{
    for (char **variables = environ; *variables != NULL; variables++) {
        struct option_suggestion suggestion;
        const char *name;

        if (strncmp(*variables, "COUPON_", 7) != 0)
            continue;
        name = option_value_keep(*variables, strcspn(*variables, "="));
        option_suggestion_start(&suggestion, name);
        if (is_known_variable(reading, &suggestion))
            continue;
        fprintf(stderr, "%s: warning: environment variable %s is none of this program's",
                reading->program, name);
        if (option_suggestion_found(&suggestion))
            fprintf(stderr, "; did you mean %s?", suggestion.name);
        fputc('\n', stderr);
    }
}

static void print_help(const char *program, const char *usage, const char *about,
                       const struct option_group *groups, size_t group_count)
{
    struct strbuf help = STRBUF_INIT;

    option_help_write(program, usage, about, groups, group_count, &help);
    fputs(help.data, stdout);
    strbuf_free(&help);
}

enum option_result option_read(const char *program, const char *usage, const char *about,
                               const struct option_group *groups, size_t group_count, int argc,
                               char **argv)
{
    struct option_reading reading = {.program = program};
    enum option_result result = OPTION_EXIT_USAGE;

    entries_make(&reading, groups, group_count);
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--help") == 0) {
            print_help(program, usage, about, groups, group_count);
            result = OPTION_EXIT_OK;
            goto done;
        }
        if (strcmp(argv[at], "--version") == 0) {
            printf("%s %s\n", program, COUPON_VERSION);
            result = OPTION_EXIT_OK;
            goto done;
        }
        if (!option_take_argument(&reading, argv, &at))
            goto done;
    }
    if (!option_settle(&reading))
        goto done;
    if (!has_unknown_tables(groups, group_count))
        warn_of_unknown_variables(&reading);
    result = OPTION_RUN;
done:
    free(reading.entries);
    return result;
}
