#include "common/contract/traceparent.h"

#include <string.h>

#define LEN (TRACEPARENT_SIZE - 1)
#define TRACE_ID 3
#define PARENT_ID 36
#define FLAGS 53

static bool is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((text[i] < '0' || text[i] > '9') && (text[i] < 'a' || text[i] > 'f'))
            return false;
    return true;
}

/* An id of zeros is none. */
static bool is_id(const char *text, size_t len)
{
    bool zeros = true;

    for (size_t i = 0; i < len; i++)
        zeros = zeros && text[i] == '0';
    return !zeros && is_hex(text, len);
}

bool traceparent_read(const char *text, size_t len, char out[TRACEPARENT_SIZE])
{
    bool current = len >= 2 && memcmp(text, "00", 2) == 0;

    out[0] = '\0';
    if (len < LEN || (current && len > LEN) || (len > LEN && text[LEN] != '-') ||
        !is_hex(text, 2) || memcmp(text, "ff", 2) == 0 || text[TRACE_ID - 1] != '-' ||
        text[PARENT_ID - 1] != '-' || text[FLAGS - 1] != '-' || !is_id(text + TRACE_ID, 32) ||
        !is_id(text + PARENT_ID, 16) || !is_hex(text + FLAGS, 2))
        return false;
    memcpy(out, text, LEN);
    out[LEN] = '\0';
    if (current)
        return true;
    memcpy(out, "00", 2);
    /* Of the flags, 00 knows "sampled", the lowest bit. */
    out[LEN - 1] = strchr("13579bdf", out[LEN - 1]) ? '1' : '0';
    out[FLAGS] = '0';
    return true;
}
