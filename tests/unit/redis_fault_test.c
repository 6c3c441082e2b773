/* Which error replies mean that the server is to be left, and how long it is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/redis/redis_backoff.h"
#include "common/redis/redis_fault.h"

#define SECOND INT64_C(1000000)

static void a_server_that_cannot_serve_is_left(void **state)
{
    static const char *const texts[] = {
        "READONLY You can't write against a read only replica.",
        "LOADING Redis is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "NOREPLICAS Not enough good replicas to write.",
        "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair or user is disabled.",
        "CLUSTERDOWN The cluster is down",
        "MOVED 3999 127.0.0.1:6381",
        "READONLY",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (redis_fault_classify(texts[i]) != REDIS_FAULT_SERVER)
            fail_msg("stays with a server that says %s", texts[i]);
}

static void a_refused_command_is_no_reason_to_leave(void **state)
{
    static const char *const texts[] = {
        "OOM command not allowed when used memory > 'maxmemory'.",
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "EXECABORT Transaction discarded because of previous errors.",
        "NOPERM this user has no permissions to run the 'publish' command",
        "BUSY Redis is busy running a script.",
        "ERR unknown command 'HMGET'",
        "ERR READONLY",
        "READONLYX",
        "READ",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (redis_fault_classify(texts[i]) != REDIS_FAULT_COMMAND)
            fail_msg("leaves a server that says %s", texts[i]);
}

static void pauses_double_up_to_two_seconds(void **state)
{
    static const int64_t whole_us[] = {50000,  100000,  200000,  400000,
                                       800000, 1600000, 2000000, 2000000};
    static const uint32_t randoms[] = {0, 1, 12345, UINT32_MAX};

    (void)state;
    for (size_t r = 0; r < sizeof randoms / sizeof randoms[0]; r++) {
        struct redis_backoff backoff = {0};

        for (size_t i = 0; i < sizeof whole_us / sizeof whole_us[0]; i++)
            assert_in_range(redis_backoff_next(&backoff, 0, randoms[r]), whole_us[i] / 2,
                            whole_us[i]);
    }
}

static void only_a_steady_connection_begins_them_anew(void **state)
{
    struct redis_backoff backoff = {0};

    (void)state;
    for (int i = 0; i < 6; i++)
        redis_backoff_next(&backoff, 0, 0);
    assert_in_range(redis_backoff_next(&backoff, SECOND, 0), SECOND, 2 * SECOND);
    assert_in_range(redis_backoff_next(&backoff, 5 * SECOND - 1, 0), SECOND, 2 * SECOND);
    assert_in_range(redis_backoff_next(&backoff, 5 * SECOND, 0), 25000, 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_cannot_serve_is_left),
        cmocka_unit_test(a_refused_command_is_no_reason_to_leave),
        cmocka_unit_test(pauses_double_up_to_two_seconds),
        cmocka_unit_test(only_a_steady_connection_begins_them_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
