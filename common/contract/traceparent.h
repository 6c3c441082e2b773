#ifndef TRACEPARENT_H
#define TRACEPARENT_H

#include <stdbool.h>
#include <stddef.h>

/* The header that says which trace a request belongs to, in HTTP as in Kafka
 * (https://www.w3.org/TR/trace-context/#traceparent-header):
 * 00-<32 hexadecimal digits>-<16>-<2>, lower case. Passed on as it came: we make no spans. */
#define TRACEPARENT_HEADER "traceparent"
#define TRACEPARENT_SIZE 56 /* with the NUL */

/* Read a header's value. False: malformed, to be ignored, and out is "". Of a newer version than 00
 * that begins like it, what 00 knows is kept, as version 00. */
bool traceparent_read(const char *text, size_t len, char out[TRACEPARENT_SIZE]);

#endif
