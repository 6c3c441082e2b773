#ifndef OPTION_READING_H
#define OPTION_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/option.h"

/* One option and what argv says about it. */
struct option_entry {
    const struct option_spec *spec;
    void *target; /* NULL: an option of another command */
    struct option_list given;
};

/* One run of option_read(). */
struct option_reading {
    const char *program;
    struct option_entry *entries;
    size_t entry_count;
};

/* Tell the user on standard error. Always false. */
bool option_fail(const struct option_reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Add the flag at argv[*at] to its entry, and move *at to the last argument that it takes. False:
 * the user was told what is wrong. */
bool option_take_argument(const struct option_reading *reading, char **argv, int *at);

/* Give every field its value, from argv, else the environment, else the default. False: the user
 * was told what is wrong. */
bool option_settle(const struct option_reading *reading);

#endif
