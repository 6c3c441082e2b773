/* Times are printed and read exactly, over every day from 1970 to 9999, and nothing that is no time
 * is read as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/timestamp.h"

#define DAY_MS INT64_C(86400000)
#define UNTOUCHED INT64_C(-77)

static const struct {
    const char *text;
    int64_t wall_ms;
} readable[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T00:00:00.001Z", 1},
    {"2022-02-26T11:31:42.123Z", 1645875102123},
    {"2022-02-26t11:31:42.123z", 1645875102123},
    {"2022-02-26 11:31:42.123", 1645875102123},
    {"2022-02-26T11:31:42", 1645875102000},
    {"2022-02-26T11:31", 1645875060000},
    {"2022-02-26T11:31Z", 1645875060000},
    {"2022-02-26T11:31:42.1Z", 1645875102100},
    {"2022-02-26T11:31:42.12Z", 1645875102120},
    {"2022-02-26T11:31:42.123999999Z", 1645875102123},
    {"2022-02-26T20:31:42.123+09:00", 1645875102123},
    {"2022-02-26T06:01:42.123-05:30", 1645875102123},
    {"2022-02-27T11:30:42.123+23:59", 1645875102123},
    {"2022-02-25T11:32:42.123-23:59", 1645875102123},
    {"2022-02-26T11:31:42.123-00:00", 1645875102123},
    {"1969-12-31T23:59:59.999-00:01", 59999},
    {"2000-02-29T00:00:00Z", 951782400000},
    {"2024-02-29T23:59:59.999Z", 1709251199999},
    {"2100-02-28T23:59:59Z", 4107542399000},
    {"2038-01-19T03:14:08Z", 2147483648000},
    {"9999-12-31T23:59:59.999Z", TIMESTAMP_MAX_MS},
};

static const char *const unreadable[] = {
    "",
    "2022",
    "2022-02-26",
    "2022-02-26T",
    "2022-02-26T11",
    "2022-02-26T11:3",
    "2022-02-26T11:31:",
    "2022-02-26T11:31:4",
    "2022-02-26T11:31:42.",
    "2022-02-26T11:31:42.Z",
    "2022-02-26T11:31:42.1234567890Z",
    "2022-02-26T11:31:42,123Z",
    "2022-02-26T11:31:42ZZ",
    "2022-02-26T11:31:42Z ",
    " 2022-02-26T11:31:42Z",
    "2022-02-26T11:31:42 Z",
    "2022-02-26T11:31:42UTC",
    "2022-02-26_11:31:42Z",
    "2022/02/26T11:31:42Z",
    "2022-2-26T11:31:42Z",
    "22-02-26T11:31:42Z",
    "12022-02-26T11:31:42Z",
    "+2022-02-26T11:31:42Z",
    "-022-02-26T11:31:42Z",
    "2022-00-26T11:31:42Z",
    "2022-13-26T11:31:42Z",
    "2022-02-00T11:31:42Z",
    "2022-02-30T11:31:42Z",
    "2022-02-29T11:31:42Z",
    "2100-02-29T11:31:42Z",
    "1900-02-29T11:31:42Z",
    "2022-04-31T11:31:42Z",
    "2022-12-32T11:31:42Z",
    "2022-02-26T24:00:00Z",
    "2022-02-26T11:60:42Z",
    "2022-02-26T11:31:60Z",
    "2016-12-31T23:59:60Z",
    "2022-02-26T11:31:42+9:00",
    "2022-02-26T11:31:42+0900",
    "2022-02-26T11:31:42+09",
    "2022-02-26T11:31:42+09:0",
    "2022-02-26T11:31:42+24:00",
    "2022-02-26T11:31:42+09:60",
    "2022-02-26T11:31:42Z+09:00",
    "2022-02-26T11:31:42+09:00Z",
    "1969-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59.999-00:01",
    "0000-01-01T00:00:00Z",
};

/* Reads from memory that ends with the text, so that a byte too many is found by AddressSanitizer.
 */
static bool parse(const char *text, size_t len, int64_t *wall_ms)
{
    char *exact = malloc(len > 0 ? len : 1);
    bool parsed;

    assert_non_null(exact);
    memcpy(exact, text, len);
    parsed = timestamp_parse(exact, len, wall_ms);
    free(exact);
    return parsed;
}

static void reads_what_is_a_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        int64_t wall_ms = UNTOUCHED;
        bool parsed = parse(readable[i].text, strlen(readable[i].text), &wall_ms);

        if (!parsed || wall_ms != readable[i].wall_ms)
            fail_msg("%s: expected %lld, saw %d and %lld", readable[i].text,
                     (long long)readable[i].wall_ms, parsed, (long long)wall_ms);
    }
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unreadable / sizeof unreadable[0]; i++) {
        int64_t wall_ms = UNTOUCHED;

        if (parse(unreadable[i], strlen(unreadable[i]), &wall_ms) || wall_ms != UNTOUCHED)
            fail_msg("\"%s\": expected a refusal, saw %lld", unreadable[i], (long long)wall_ms);
    }
}

static void refuses_any_byte_that_is_in_no_time(void **state)
{
    static const char text[] = "2022-02-26T11:31:42.123+09:00";

    (void)state;
    for (size_t at = 0; at < sizeof text - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char changed[sizeof text];
            int64_t wall_ms;

            if (byte != '\0' && strchr("0123456789Tt +-.:", byte) != NULL)
                continue;
            memcpy(changed, text, sizeof text);
            changed[at] = (char)byte;
            if (parse(changed, sizeof text - 1, &wall_ms))
                fail_msg("byte %d at %zu: expected a refusal", byte, at);
        }
    }
}

static void expect_both_formats(int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    char expected[64], text[TIMESTAMP_SIZE], sql[TIMESTAMP_SIZE];
    struct tm civil;

    assert_non_null(gmtime_r(&seconds, &civil));
    snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", civil.tm_year + 1900,
             civil.tm_mon + 1, civil.tm_mday, civil.tm_hour, civil.tm_min, civil.tm_sec,
             (int)(wall_ms % 1000));
    timestamp_format(wall_ms, text);
    assert_string_equal(text, expected);
    expected[10] = ' ';
    expected[23] = '\0';
    timestamp_format_sql(wall_ms, sql);
    assert_string_equal(sql, expected);
}

static void expect_round_trip(int64_t wall_ms)
{
    char text[TIMESTAMP_SIZE];
    int64_t read_back = UNTOUCHED;

    timestamp_format(wall_ms, text);
    if (!timestamp_parse(text, strlen(text), &read_back) || read_back != wall_ms)
        fail_msg("%s: expected %lld, saw %lld", text, (long long)wall_ms, (long long)read_back);
}

static void agrees_with_gmtime_at_random_times(void **state)
{
    uint64_t random = 88172645463325252u;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        int64_t wall_ms;

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        wall_ms = (int64_t)(random % (uint64_t)(TIMESTAMP_MAX_MS + 1));
        expect_both_formats(wall_ms);
        expect_round_trip(wall_ms);
    }
}

static void agrees_with_gmtime_at_the_ends(void **state)
{
    (void)state;
    expect_both_formats(0);
    expect_both_formats(DAY_MS - 1);
    expect_both_formats(TIMESTAMP_MAX_MS);
}

static void knows_every_day(void **state)
{
    (void)state;
    for (int64_t day = 0; day <= TIMESTAMP_MAX_MS / DAY_MS; day++)
        expect_round_trip(day * DAY_MS + (day % 2 == 0 ? 0 : DAY_MS - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_a_time),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(refuses_any_byte_that_is_in_no_time),
        cmocka_unit_test(agrees_with_gmtime_at_random_times),
        cmocka_unit_test(agrees_with_gmtime_at_the_ends),
        cmocka_unit_test(knows_every_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
