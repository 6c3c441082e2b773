/* Times that others wrote: the instant that the C library's calendar gives, and refused where the
 * text is not of RFC 3339's form. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/base/timestamp.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

/* Match pattern: '9' is a digit, all else itself. */
static bool looks_like(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; text++, pattern++)
        if (*pattern == '9' ? !isdigit((unsigned char)*text) : *text != *pattern)
            return false;
    return true;
}

static int number(const char *digits, size_t len)
{
    int value = 0;

    for (size_t i = 0; i < len; i++)
        value = value * 10 + digits[i] - '0';
    return value;
}

/* ".123456789" at text; returns its length, or 0. */
static size_t model_fraction(const char *text, int64_t *ms)
{
    size_t len = 1;

    *ms = 0;
    if (text[0] != '.')
        return 0;
    while (isdigit((unsigned char)text[len]))
        len++;
    for (size_t i = 1; i <= 3; i++)
        *ms = *ms * 10 + (i < len ? text[i] - '0' : 0);
    return len;
}

static bool model_offset(const char *text, int64_t *offset_s)
{
    int sign = text[0] == '-' ? -1 : 1;

    *offset_s = 0;
    if (text[0] == '\0' || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return true;
    if ((text[0] != '+' && text[0] != '-') || strlen(text) != 6 || !looks_like(text + 1, "99:99") ||
        number(text + 1, 2) > 23 || number(text + 4, 2) > 59)
        return false;
    *offset_s = sign * (number(text + 1, 2) * 3600 + number(text + 4, 2) * 60);
    return true;
}

static bool model_parse(const char *text, int64_t *wall_ms)
{
    struct tm tm = {0}, normal;
    int64_t ms = 0, offset_s;
    const char *at = text + 16;
    size_t fraction;
    time_t seconds;

    if (!looks_like(text, "9999-99-99") || text[10] == '\0' || strchr("Tt ", text[10]) == NULL ||
        !looks_like(text + 11, "99:99"))
        return false;
    tm = (struct tm){.tm_year = number(text, 4) - 1900,
                     .tm_mon = number(text + 5, 2) - 1,
                     .tm_mday = number(text + 8, 2),
                     .tm_hour = number(text + 11, 2),
                     .tm_min = number(text + 14, 2)};
    if (*at == ':') {
        if (!looks_like(at, ":99"))
            return false;
        tm.tm_sec = number(at + 1, 2);
        at += 3;
        fraction = model_fraction(at, &ms);
        if (fraction == 1 || fraction > 10)
            return false;
        at += fraction;
    }
    /* What is not of the calendar comes back as another day. */
    normal = tm;
    seconds = timegm(&normal);
    if (normal.tm_mon != tm.tm_mon || normal.tm_mday != tm.tm_mday ||
        normal.tm_hour != tm.tm_hour || normal.tm_min != tm.tm_min || normal.tm_sec != tm.tm_sec ||
        !model_offset(at, &offset_s))
        return false;
    *wall_ms = (seconds - offset_s) * 1000 + ms;
    return *wall_ms >= 0 && *wall_ms <= TIMESTAMP_MAX_MS;
}

static void expect_back(int64_t wall_ms)
{
    char text[TIMESTAMP_SIZE];
    int64_t back;

    timestamp_format(wall_ms, text);
    EXPECT(strlen(text) == TIMESTAMP_SIZE - 1 && timestamp_parse(text, TIMESTAMP_SIZE - 1, &back) &&
               back == wall_ms,
           "%" PRId64 " is written as %s", wall_ms, text);
    EXPECT(model_parse(text, &back) && back == wall_ms, "%" PRId64 " is written as %s", wall_ms,
           text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct http_slice slice = {(const char *)bytes, size};
    char *text = fuzz_copy(slice);
    char *string = fuzz_string(slice);
    int64_t seen = -5, expected = 0, number_seen = 0;
    bool good = timestamp_parse(text, size, &seen);
    bool expected_good = strlen(string) == size && model_parse(string, &expected);

    EXPECT(good == expected_good, "\"%s\" is %s", string, good ? "taken" : "refused");
    EXPECT(good ? seen == expected : seen == -5, "\"%s\" is %" PRId64 ", expected %" PRId64, string,
           seen, expected);
    if (good)
        expect_back(seen);
    memcpy(&number_seen, bytes, size < sizeof number_seen ? size : sizeof number_seen);
    expect_back((int64_t)((uint64_t)number_seen % (uint64_t)(TIMESTAMP_MAX_MS + 1)));
    free(text);
    free(string);
    return 0;
}
