#include "common/base/utf8.h"

#include <stdbool.h>

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The second byte's bounds keep out overlong forms, surrogates and what is beyond U+10FFFF. */
size_t utf8_sequence_len(const unsigned char *bytes, size_t len)
{
    unsigned char first = bytes[0];
    unsigned char low = 0x80, high = 0xBF;
    size_t want;

    if (first >= 0xC2 && first <= 0xDF)
        want = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        want = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        want = 4;
    else
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (len < want || bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < want; i++) {
        if (!is_continuation(bytes[i]))
            return 0;
    }
    return want;
}
