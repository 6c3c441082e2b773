#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/* What stands where bytes are not UTF-8: U+FFFD. */
#define UTF8_REPLACEMENT "\xEF\xBF\xBD"

/* The length of the UTF-8 sequence of more than one byte (RFC 3629 section 4) at the start of
 * bytes, of which there is at least one; 0 when there is none. */
size_t utf8_sequence_len(const unsigned char *bytes, size_t len);

#endif
