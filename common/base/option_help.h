#ifndef OPTION_HELP_H
#define OPTION_HELP_H

#include <stddef.h>

#include "common/base/option.h"
#include "common/base/strbuf.h"

/* Append what --help prints, in lines of up to 80 columns. */
void option_help_write(const char *program, const char *usage, const char *about,
                       const struct option_group *groups, size_t group_count, struct strbuf *out);

/* Append "FLAG ARGUMENT", as "--http-listen HOST:PORT". */
void option_help_flag(const struct option_spec *spec, struct strbuf *out);

#endif
