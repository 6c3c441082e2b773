#include "common/base/timestamp.h"

#include <string.h>

#include "common/base/check.h"

#define DAY_MS INT64_C(86400000)

/* Days are counted in eras of 400 years that start on 1 March 0000, so that the leap day is the
 * last day of its year and of its era (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
#define ERA_DAYS 146097
#define DAYS_BEFORE_1970 719468

struct civil {
    unsigned year, month, day;
};

static struct civil civil_of_day(uint32_t day)
{
    uint32_t shifted = day + DAYS_BEFORE_1970;
    uint32_t era = shifted / ERA_DAYS;
    uint32_t day_of_era = shifted % ERA_DAYS;
    uint32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month_from_march = (5 * day_of_year + 2) / 153;
    struct civil civil;

    civil.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    civil.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
    return civil;
}

/* Days since 1970-01-01; negative before it. */
static int64_t day_of_civil(struct civil civil)
{
    /* One era more keeps January and February of year 0 from going below zero. */
    uint32_t year = civil.year + 400 - (civil.month <= 2 ? 1 : 0);
    uint32_t year_of_era = year % 400;
    uint32_t month_from_march = civil.month > 2 ? civil.month - 3 : civil.month + 9;
    uint32_t day_of_year = (153 * month_from_march + 2) / 5 + civil.day - 1;
    uint32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (int64_t)(year / 400) * ERA_DAYS + day_of_era - DAYS_BEFORE_1970 - ERA_DAYS;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

static void put_two(char *text, unsigned number)
{
    text[0] = (char)('0' + number / 10);
    text[1] = (char)('0' + number % 10);
}

/* Writes "YYYY-MM-DD?hh:mm:ss.mmm", 23 bytes; '?' is separator. */
static void put_time(int64_t wall_ms, char separator, char *text)
{
    struct civil civil;
    uint32_t ms;

    CHECK(wall_ms >= 0 && wall_ms <= TIMESTAMP_MAX_MS, "time %lld ms", (long long)wall_ms);
    civil = civil_of_day((uint32_t)(wall_ms / DAY_MS));
    ms = (uint32_t)(wall_ms % DAY_MS);
    memcpy(text, "0000-00-00T00:00:00.000", 23);
    put_two(text, civil.year / 100);
    put_two(text + 2, civil.year % 100);
    put_two(text + 5, civil.month);
    put_two(text + 8, civil.day);
    text[10] = separator;
    put_two(text + 11, ms / 3600000);
    put_two(text + 14, ms / 60000 % 60);
    put_two(text + 17, ms / 1000 % 60);
    text[20] = (char)('0' + ms / 100 % 10);
    put_two(text + 21, ms % 100);
}

void timestamp_format(int64_t wall_ms, char text[TIMESTAMP_SIZE])
{
    put_time(wall_ms, 'T', text);
    text[23] = 'Z';
    text[24] = '\0';
}

void timestamp_format_sql(int64_t wall_ms, char text[TIMESTAMP_SIZE])
{
    put_time(wall_ms, ' ', text);
    text[23] = '\0';
}

/* What is still to be read. */
struct reader {
    const char *at, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_number(struct reader *reader, size_t digits, unsigned *number)
{
    if ((size_t)(reader->end - reader->at) < digits)
        return false;
    *number = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!is_digit(reader->at[i]))
            return false;
        *number = *number * 10 + (unsigned)(reader->at[i] - '0');
    }
    reader->at += digits;
    return true;
}

/* Any one byte of the set. */
static bool read_one_of(struct reader *reader, const char *set)
{
    if (reader->at == reader->end || *reader->at == '\0' || strchr(set, *reader->at) == NULL)
        return false;
    reader->at++;
    return true;
}

static bool read_date(struct reader *reader, int64_t *day)
{
    struct civil civil;

    if (!read_number(reader, 4, &civil.year) || !read_one_of(reader, "-") ||
        !read_number(reader, 2, &civil.month) || !read_one_of(reader, "-") ||
        !read_number(reader, 2, &civil.day))
        return false;
    if (civil.month < 1 || civil.month > 12 || civil.day < 1 ||
        civil.day > days_in_month(civil.year, civil.month))
        return false;
    *day = day_of_civil(civil);
    return true;
}

static bool read_fraction(struct reader *reader, unsigned *ms)
{
    unsigned weight = 100;
    size_t digits = 0;

    for (; reader->at < reader->end && is_digit(*reader->at); reader->at++, digits++) {
        *ms += (unsigned)(*reader->at - '0') * weight;
        weight /= 10;
    }
    return digits >= 1 && digits <= 9;
}

static bool read_time(struct reader *reader, int64_t *ms_of_day)
{
    unsigned hour, minute, second = 0, ms = 0;

    if (!read_number(reader, 2, &hour) || !read_one_of(reader, ":") ||
        !read_number(reader, 2, &minute))
        return false;
    if (read_one_of(reader, ":")) {
        if (!read_number(reader, 2, &second))
            return false;
        if (read_one_of(reader, ".") && !read_fraction(reader, &ms))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ms_of_day = ((int64_t)hour * 60 + minute) * 60000 + second * 1000 + ms;
    return true;
}

static bool read_offset(struct reader *reader, int64_t *offset_ms)
{
    unsigned hour, minute;
    bool west;

    *offset_ms = 0;
    if (reader->at == reader->end || read_one_of(reader, "Zz"))
        return true;
    west = *reader->at == '-';
    if (!read_one_of(reader, "+-") || !read_number(reader, 2, &hour) || !read_one_of(reader, ":") ||
        !read_number(reader, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *offset_ms = ((int64_t)hour * 60 + minute) * 60000;
    if (west)
        *offset_ms = -*offset_ms;
    return true;
}

bool timestamp_parse(const char *text, size_t len, int64_t *wall_ms)
{
    struct reader reader = {text, text + len};
    int64_t day, ms_of_day, offset_ms, result;

    if (!read_date(&reader, &day) || !read_one_of(&reader, "Tt ") ||
        !read_time(&reader, &ms_of_day) || !read_offset(&reader, &offset_ms) ||
        reader.at != reader.end)
        return false;
    result = day * DAY_MS + ms_of_day - offset_ms;
    if (result < 0 || result > TIMESTAMP_MAX_MS)
        return false;
    *wall_ms = result;
    return true;
}
