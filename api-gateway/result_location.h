#ifndef RESULT_LOCATION_H
#define RESULT_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a request's record lies, as it travels in resultUrl ("…?at=2.4711": partition and offset),
 * so that a poll can be told its position without storage. It comes back from clients: a hint, no
 * more. */
struct result_location {
    int32_t partition; /* -1: not known */
    int64_t offset;
};

#define RESULT_LOCATION_NONE ((struct result_location){-1, -1})
#define RESULT_LOCATION_SIZE 32

/* "2.4711" and its length; location is known. */
size_t result_location_format(struct result_location location, char text[RESULT_LOCATION_SIZE]);

/* False: text is not one. */
bool result_location_parse(const char *text, size_t len, struct result_location *location);

#endif
