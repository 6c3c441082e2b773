#ifndef OPTION_VALUE_H
#define OPTION_VALUE_H

#include <stdbool.h>

#include "common/base/option.h"
#include "common/base/strbuf.h"

/* Read text as the value of spec and put it into its field of target; the field may point into text
 * from then on. A list is split at ','. Not for secrets. False: problem says what is wrong with the
 * text and what is allowed. */
bool option_value_store(const struct option_spec *spec, void *target, const char *text,
                        struct strbuf *problem);

/* Append text to list. False, with problem: it is empty, or the list is full. */
bool option_list_add(struct option_list *list, const char *text, struct strbuf *problem);

/* Add "1 to 100", "at least 1" or nothing: the bounds as --help and messages show them. */
void option_value_describe_bounds(const struct option_spec *spec, struct strbuf *out);

/* A copy that is never freed, and that leak checkers find. */
char *option_value_keep(const char *bytes, size_t len);

#endif
