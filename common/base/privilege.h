#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include <stdbool.h>

#include "common/base/option.h"

/* What may be given up is, unless a setting keeps it. */
struct privilege_options {
    bool core_dumps;
};

extern const struct option_spec privilege_option_specs[];
extern const size_t privilege_option_count;

/* Give up for good what the program never needs: descriptors inherited beyond standard error (so
 * read the files named on the command line first), privileges gained by exec, capabilities except
 * the one to listen on a port below 1024, readability of what it writes by others, and, without
 * core_dumps, core files and debuggers, which would see its secrets. What the kernel does not let
 * go of is logged. In main, after log_init and before any other thread or descriptor. */
void privilege_drop(const struct privilege_options *options);

#endif
