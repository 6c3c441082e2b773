#include "common/contract/result_key.h"

#include <string.h>

#define VERSION_AT 14 /* in 01234567-89ab-7… */

static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The 48 bits of time are twelve digits in two groups, of which the last two are left away. */
static bool begins_with_time(const char *request_id)
{
    if (strnlen(request_id, REQUEST_ID_UUID_SIZE) != REQUEST_ID_UUID_SIZE - 1)
        return false;
    for (int i = 0; i < 13; i++)
        if (i == 8 ? request_id[i] != '-' : !is_digit(request_id[i]))
            return false;
    return request_id[13] == '-' && request_id[VERSION_AT] == '7';
}

bool result_key(const char *request_id, char key[RESULT_KEY_SIZE])
{
    char *end;

    if (!begins_with_time(request_id)) {
        stpcpy(stpcpy(key, RESULT_KEY_PREFIX), request_id);
        return false;
    }
    end = stpcpy(key, RESULT_KEY_HASH_PREFIX);
    memcpy(end, request_id, 8);
    memcpy(end + 8, request_id + 9, 2);
    end[10] = '\0';
    return true;
}
