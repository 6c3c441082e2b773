#ifndef RESULT_LOCATION_H
#define RESULT_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"

/* Where a request's record lies, as it travels in resultUrl ("…?at=2.4711": partition and offset),
 * so that a poll can be told its position without storage. It comes back from clients: a hint, no
 * more. */
struct result_location {
    int32_t partition; /* -1: not known */
    int64_t offset;
};

#define RESULT_LOCATION_NONE ((struct result_location){-1, -1})

/* Append "2.4711"; location is known. */
void result_location_write(struct result_location location, struct strbuf *out);

/* False: text is not one. */
bool result_location_parse(const char *text, size_t len, struct result_location *location);

#endif
