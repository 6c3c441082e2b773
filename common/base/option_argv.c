#include <stdio.h>
#include <string.h>

#include "common/base/option_name.h"
#include "common/base/option_reading.h"
#include "common/base/option_value.h"
#include "common/base/strbuf.h"

/* The entry that flag, as in "--name" or "--no-name", names; NULL: none. */
static struct option_entry *entry_of_flag(const struct option_reading *reading, const char *flag,
                                          bool *negated)
{
    char name[OPTION_NAME_SIZE];

    for (size_t i = 0; i < reading->entry_count; i++) {
        struct option_entry *entry = &reading->entries[i];

        if (!entry->target)
            continue;

        option_flag_name(entry->spec, name);
        *negated = false;
        if (strcmp(flag, name) == 0)
            return entry;
        *negated = true;
        if (entry->spec->type == OPTION_FLAG && strncmp(flag, "--no-", 5) == 0 &&
            strcmp(flag + 5, entry->spec->name) == 0)
            return entry;
    }
    return NULL;
}

static bool fail_unknown_flag(const struct option_reading *reading, const char *flag)
{
    struct option_suggestion suggestion;
    char name[OPTION_NAME_SIZE];

    option_suggestion_start(&suggestion, flag);
    option_suggestion_consider(&suggestion, "--help");
    option_suggestion_consider(&suggestion, "--version");
    for (size_t i = 0; i < reading->entry_count; i++) {
        const struct option_spec *spec = reading->entries[i].spec;

        if (!reading->entries[i].target)
            continue;
        if (spec->type == OPTION_SECRET && strcmp(flag + 2, spec->name) == 0) {
            option_variable_name(spec, name);
            return option_fail(reading,
                               "%s: a secret is never given as a flag, where others see it; use "
                               "%s-file FILE or the environment variable %s",
                               flag, flag, name);
        }
        option_flag_name(spec, name);
        option_suggestion_consider(&suggestion, name);
        if (spec->type == OPTION_FLAG) {
            snprintf(name, sizeof name, "--no-%s", spec->name);
            option_suggestion_consider(&suggestion, name);
        }
    }
    if (option_suggestion_found(&suggestion))
        return option_fail(reading, "unknown option %s; did you mean %s?", flag, suggestion.name);
    return option_fail(reading, "unknown option %s", flag);
}

/* Adds the value of one flag to its entry. value: what followed '=', or NULL; *next: the argument
 * after the flag or NULL, set to NULL when it was taken as the value. */
static bool take_flag(const struct option_reading *reading, const char *flag, const char *value,
                      const char **next)
{
    struct strbuf problem = STRBUF_INIT;
    bool negated, added;
    struct option_entry *entry = entry_of_flag(reading, flag, &negated);

    if (entry == NULL)
        return fail_unknown_flag(reading, flag);
    if (entry->given.count > 0 && entry->spec->type != OPTION_LIST)
        return option_fail(reading, "%s: given more than once", flag);
    if (entry->spec->type == OPTION_FLAG) {
        if (value != NULL)
            return option_fail(reading, "%s: takes no value", flag);
        entry->given.items[entry->given.count++] = negated ? "false" : "true";
        return true;
    }
    if (value == NULL) {
        if (*next == NULL || strncmp(*next, "--", 2) == 0)
            return option_fail(reading, "%s: needs a value", flag);
        value = *next;
        *next = NULL;
    }
    if (entry->spec->type != OPTION_LIST) {
        entry->given.items[entry->given.count++] = value;
        return true;
    }
    added = option_list_add(&entry->given, value, &problem);
    if (!added)
        option_fail(reading, "%s: %s", flag, problem.data);
    strbuf_free(&problem);
    return added;
}

bool option_take_argument(const struct option_reading *reading, char **argv, int *at)
{
    const char *argument = argv[*at];
    const char *equals = strchr(argument, '=');
    const char *next = argv[*at + 1];
    const char *flag = argument;
    bool ok;

    if (argument[0] != '-' || argument[1] == '\0' || strcmp(argument, "--") == 0)
        return option_fail(reading, "unexpected argument \"%s\": everything is given as an option",
                           argument);
    if (argument[1] != '-')
        return option_fail(reading, "unknown option %s: options start with \"--\"", argument);
    if (equals != NULL)
        flag = option_value_keep(argument, (size_t)(equals - argument));
    ok = take_flag(reading, flag, equals != NULL ? equals + 1 : NULL, &next);
    if (next != argv[*at + 1])
        (*at)++;
    return ok;
}
