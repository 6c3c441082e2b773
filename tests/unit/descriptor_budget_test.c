/* Goal: however few files a process may open, those by which it reaches its servers are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/descriptor_budget.h"
#include "tests/unit/capture.h"

static const struct descriptor_demand gateway = {
    .own = 46, .management = 256, .listeners = 1, .clients = 20000};

static void limits_are_divided(void **state)
{
    static const struct {
        size_t limit, listeners, management, clients;
    } rows[] = {
        {64, 1, 2, 14},           {58, 1, 2, 8},
        {60, 1, 2, 10},           {1024, 1, 32, 914},
        {1024, 4, 32, 228},       {4096, 1, 128, 3794},
        {20000, 1, 256, 19442},   {30000, 1, 256, 20000},
        {1048576, 1, 256, 20000}, {1048576, 64, 256, 16375},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct descriptor_demand demand = gateway;
        struct descriptor_budget budget;
        size_t needed;

        demand.listeners = rows[i].listeners;
        assert_true(descriptor_budget_divide(rows[i].limit, &demand, &budget, &needed));
        if (budget.management != rows[i].management || budget.clients != rows[i].clients)
            fail_msg("%zu for %zu listeners: expected %zu and %zu, saw %zu and %zu", rows[i].limit,
                     rows[i].listeners, rows[i].management, rows[i].clients, budget.management,
                     budget.clients);
    }
}

static void what_is_given_away_is_never_more_than_there_is(void **state)
{
    (void)state;
    for (size_t listeners = 0; listeners <= 64; listeners += 8) {
        for (size_t limit = 0; limit < 5000; limit++) {
            struct descriptor_demand demand = gateway;
            struct descriptor_budget budget;
            size_t needed;
            bool enough;

            demand.listeners = listeners;
            enough = descriptor_budget_divide(limit, &demand, &budget, &needed);
            assert_int_equal(enough, limit >= needed);
            if (!enough)
                continue;
            if (demand.own + 2 * budget.management + listeners * budget.clients > limit &&
                listeners > 0)
                fail_msg("%zu of %zu listeners: gave away %zu and %zu each", limit, listeners,
                         budget.management, budget.clients);
            assert_true(budget.management >= 2);
            assert_true(listeners == 0 || budget.clients >= 8);
        }
    }
}

static void a_small_wish_is_granted(void **state)
{
    struct descriptor_demand demand = {.own = 46, .management = 1, .listeners = 2, .clients = 1};
    struct descriptor_budget budget;
    size_t needed;

    (void)state;
    assert_true(descriptor_budget_divide(52, &demand, &budget, &needed));
    assert_int_equal(budget.management, 1);
    assert_int_equal(budget.clients, 1);
    assert_false(descriptor_budget_divide(51, &demand, &budget, &needed));
    assert_int_equal(needed, 52);
}

/* What a process says that may open so many files, and may ask for more up to hard. */
static char *taken(rlim_t soft, rlim_t hard, int *status)
{
    struct capture capture = capture_start(STDERR_FILENO);
    pid_t child = fork();

    if (child == 0) {
        struct rlimit limit = {soft, hard};
        struct descriptor_budget budget;

        setrlimit(RLIMIT_NOFILE, &limit);
        _exit(descriptor_budget_take(&gateway, &budget) ? (int)(budget.clients % 256) : 255);
    }
    assert_int_equal(waitpid(child, status, 0), child);
    *status = WEXITSTATUS(*status);
    return capture_end(&capture);
}

static void the_limit_is_raised_and_shortage_is_told(void **state)
{
    int status;
    char *said = taken(20, 64, &status);

    (void)state;
    assert_int_equal(status, 14);
    assert_non_null(strstr(said, "\"fewer_connections\""));
    assert_non_null(strstr(said, "64 files open: 14 connections a listener, not 20000"));
    free(said);
    said = taken(20, 57, &status);
    assert_int_equal(status, 255);
    assert_non_null(strstr(said, "57 files open and needs 58: raise the limit (ulimit -n"));
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_divided),
        cmocka_unit_test(what_is_given_away_is_never_more_than_there_is),
        cmocka_unit_test(a_small_wish_is_granted),
        cmocka_unit_test(the_limit_is_raised_and_shortage_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
