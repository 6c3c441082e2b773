#include "issue-worker/replay_mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool read_number(const char *text, size_t len, int64_t max, int64_t *number)
{
    int64_t value = 0;

    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        int digit = text[i] - '0';

        if (digit < 0 || digit > 9 || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

bool replay_origin_parse(const char *text, size_t len, int32_t *partition, int64_t *offset)
{
    const char *colon = len > 0 ? memchr(text, ':', len) : NULL;
    int64_t first, second;

    if (!colon || !read_number(text, (size_t)(colon - text), INT32_MAX, &first) ||
        !read_number(colon + 1, (size_t)(text + len - colon - 1), INT64_MAX, &second))
        return false;
    *partition = (int32_t)first;
    *offset = second;
    return true;
}

void replay_origin_format(int32_t partition, int64_t offset, char text[REPLAY_ORIGIN_SIZE])
{
    snprintf(text, REPLAY_ORIGIN_SIZE, "%" PRId32 ":%" PRId64, partition, offset);
}
