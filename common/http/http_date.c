#include "common/http/http_date.h"

#include <stdio.h>
#include <time.h>

#include "common/base/check.h"
#include "common/base/clock.h"

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void http_date_format(int64_t seconds, char text[HTTP_DATE_SIZE])
{
    time_t when = (time_t)seconds;
    struct tm tm;
    int len;

    CHECK(gmtime_r(&when, &tm) != NULL, "seconds=%lld", (long long)seconds);
    len = snprintf(text, HTTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
                   tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                   tm.tm_sec);
    CHECK(len == HTTP_DATE_SIZE - 1, "len=%d", len);
}

const char *http_date_text(struct http_date *date, int64_t now_us)
{
    if (now_us >= date->expires_us) {
        int64_t wall_ms = clock_wall_ms();

        http_date_format(wall_ms / 1000, date->text);
        date->expires_us = now_us + (1000 - wall_ms % 1000) * 1000;
    }
    return date->text;
}
