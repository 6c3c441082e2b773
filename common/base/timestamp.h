#ifndef TIMESTAMP_H
#define TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "2022-02-26T11:31:42.123Z" and its NUL. */
#define TIMESTAMP_SIZE 25

/* Years 1970 to 9999, in milliseconds since 1970: what can be formatted. */
#define TIMESTAMP_MAX_MS INT64_C(253402300799999)

/* Write wall_ms as RFC 3339 UTC with milliseconds. wall_ms is 0…TIMESTAMP_MAX_MS. */
void timestamp_format(int64_t wall_ms, char text[TIMESTAMP_SIZE]);

/* The same for SQL: "2022-02-26 11:31:42.123". */
void timestamp_format_sql(int64_t wall_ms, char text[TIMESTAMP_SIZE]);

/* Read an RFC 3339 date-time: 'T', 't' or blank between date and time, up to 9 fraction digits (cut
 * to milliseconds), 'Z', 'z', an offset of up to 23:59, or nothing, which means UTC. Without an
 * offset, and without seconds when they are 0, is how Java's LocalDateTime prints itself. False,
 * and *wall_ms is as before: it is not one, or outside 1970…9999 UTC. A leap second (":60") is
 * refused: milliseconds since 1970 have no place for it, and the second before or after it would be
 * a time that nobody wrote. */
bool timestamp_parse(const char *text, size_t len, int64_t *wall_ms);

#endif
