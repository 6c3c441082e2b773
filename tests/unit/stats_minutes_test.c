/* The last hour of a coupon from the hours that Redis holds: what lies outside is left out, and
 * what is not known is not zero. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/handlers/stats_minutes.h"

#define NOW INT64_C(1700000000000) /* 2023-11-14T22:13:20Z */
#define MINUTE (NOW / COUPON_STATISTICS_MINUTE_MS)

static void add(struct stats_minutes *minutes, int64_t minute, const char *name, const char *value)
{
    char field[64];

    snprintf(field, sizeof field, "%lld:%s", (long long)minute, name);
    stats_minutes_add(minutes, field, strlen(field), value, strlen(value));
}

static void expect(const struct stats_minutes *minutes, const char *expected)
{
    struct strbuf out = STRBUF_INIT;

    stats_minutes_encode(minutes, &out);
    assert_string_equal(out.data, expected);
    strbuf_free(&out);
}

static void minutes_come_oldest_first(void **state)
{
    struct stats_minutes minutes = {.now_ms = NOW};

    (void)state;
    add(&minutes, MINUTE, "issued", "3");
    add(&minutes, MINUTE, "revoked", "1");
    add(&minutes, MINUTE - 59, "used", "9223372036854775807");
    add(&minutes, MINUTE - 1, "use-cancelled", "2");
    add(&minutes, MINUTE - 1, "expired", "4");
    expect(&minutes,
           "[{\"minute\":\"2023-11-14T21:14:00.000Z\",\"issued\":0,\"used\":9223372036854775807,"
           "\"useCancelled\":0,\"expired\":0,\"revoked\":0},"
           "{\"minute\":\"2023-11-14T22:12:00.000Z\",\"issued\":0,\"used\":0,\"useCancelled\":2,"
           "\"expired\":4,\"revoked\":0},"
           "{\"minute\":\"2023-11-14T22:13:00.000Z\",\"issued\":3,\"used\":0,\"useCancelled\":0,"
           "\"expired\":0,\"revoked\":1}]");
}

static void what_lies_outside_is_left_out(void **state)
{
    struct stats_minutes minutes = {.now_ms = NOW};

    (void)state;
    add(&minutes, MINUTE + 1, "issued", "3");
    add(&minutes, MINUTE - 60, "issued", "3");
    add(&minutes, 0, "issued", "3");
    add(&minutes, MINUTE, "something-newer", "3");
    add(&minutes, MINUTE, "issued", "many");
    expect(&minutes, "[]");
}

static void what_is_not_known_is_null(void **state)
{
    struct stats_minutes minutes = {.now_ms = NOW, .unknown = true};

    (void)state;
    add(&minutes, MINUTE, "issued", "3");
    expect(&minutes, "null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_come_oldest_first),
        cmocka_unit_test(what_lies_outside_is_left_out),
        cmocka_unit_test(what_is_not_known_is_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
