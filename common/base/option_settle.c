#include <stdlib.h>
#include <string.h>

#include "common/base/option_help.h"
#include "common/base/option_name.h"
#include "common/base/option_reading.h"
#include "common/base/option_secret.h"
#include "common/base/option_value.h"
#include "common/base/strbuf.h"

/* The variable's value; NULL: not set, or empty. A copy, since setenv may replace the original. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL || value[0] == '\0')
        return NULL;
    return option_value_keep(value, strlen(value));
}

/* A secret must not stay where /proc/PID/environ and child processes have it. */
static void forget_variable(const char *name)
{
    char *value = getenv(name);

    explicit_bzero(value, strlen(value));
    unsetenv(name);
}

static bool fail_required(const struct option_reading *reading, const struct option_spec *spec)
{
    struct strbuf flag = STRBUF_INIT;
    char name[OPTION_NAME_SIZE];

    option_help_flag(spec, &flag);
    option_variable_name(spec, name);
    if (spec->flag_only)
        option_fail(reading, "%s is required", flag.data);
    else
        option_fail(reading, "%s is required (or environment variable %s)", flag.data, name);
    strbuf_free(&flag);
    return false;
}

static bool store(const struct option_reading *reading, const struct option_entry *entry,
                  const char *text, const char *kind, const char *name)
{
    struct strbuf problem = STRBUF_INIT;
    bool stored = option_value_store(entry->spec, entry->target, text, &problem);

    if (!stored)
        option_fail(reading, "%s%s: %s", kind, name, problem.data);
    strbuf_free(&problem);
    return stored;
}

static bool settle_value(const struct option_reading *reading, const struct option_entry *entry)
{
    const struct option_spec *spec = entry->spec;
    char name[OPTION_NAME_SIZE];
    const char *text;

    if (entry->given.count > 0 && spec->type == OPTION_LIST) {
        *(struct option_list *)((char *)entry->target + spec->offset) = entry->given;
        return true;
    }
    if (entry->given.count > 0) {
        option_flag_name(spec, name);
        return store(reading, entry, entry->given.items[0], "", name);
    }
    option_variable_name(spec, name);
    text = spec->flag_only ? NULL : variable(name);
    if (text != NULL)
        return store(reading, entry, text, "environment variable ", name);
    if (spec->default_value != NULL)
        return store(reading, entry, spec->default_value, "default of --", spec->name);
    return !spec->required || fail_required(reading, spec);
}

static bool store_secret_file(const struct option_reading *reading,
                              const struct option_entry *entry, const char *path, const char *kind,
                              const char *name)
{
    struct strbuf problem = STRBUF_INIT;
    const char *secret = option_secret_read(path, &problem);

    if (secret == NULL)
        option_fail(reading, "%s%s: %s", kind, name, problem.data);
    else
        *(const char **)((char *)entry->target + entry->spec->offset) = secret;
    if (secret != NULL && entry->spec->file_offset > 0)
        *(const char **)((char *)entry->target + entry->spec->file_offset) = path;
    strbuf_free(&problem);
    return secret != NULL;
}

static bool settle_secret(const struct option_reading *reading, const struct option_entry *entry)
{
    const struct option_spec *spec = entry->spec;
    char name[OPTION_NAME_SIZE];
    char file_name[OPTION_NAME_SIZE];
    const char *secret, *path;

    option_variable_name(spec, name);
    option_file_variable_name(spec, file_name);
    secret = variable(name);
    path = variable(file_name);
    if (secret != NULL)
        forget_variable(name);
    if (entry->given.count > 0) {
        option_flag_name(spec, file_name);
        return store_secret_file(reading, entry, entry->given.items[0], "", file_name);
    }
    if (secret != NULL && path != NULL)
        return option_fail(reading, "environment variables %s and %s are both set; set one", name,
                           file_name);
    if (path != NULL)
        return store_secret_file(reading, entry, path, "environment variable ", file_name);
    if (secret != NULL) {
        *(const char **)((char *)entry->target + spec->offset) = secret;
        return true;
    }
    return !spec->required || fail_required(reading, spec);
}

bool option_settle(const struct option_reading *reading)
{
    for (size_t i = 0; i < reading->entry_count; i++) {
        const struct option_entry *entry = &reading->entries[i];
        bool ok =
            !entry->target || (entry->spec->type == OPTION_SECRET ? settle_secret(reading, entry)
                                                                  : settle_value(reading, entry));
        if (!ok)
            return false;
    }
    return true;
}
