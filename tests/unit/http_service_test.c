/* Goal: a walk over the connections stays right whichever of them are closed during it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/http/http_service.h"

#define LINKS 4

static struct http_service service;
static struct http_service_link links[LINKS];
static int visits[LINKS];
static size_t also_removed;

static void visit(struct http_service_link *link, int64_t now_us)
{
    size_t index = (size_t)(link - links);

    assert_int_equal(now_us, 7);
    visits[index]++;
    http_service_remove(&service, link);
    if (also_removed < LINKS && visits[also_removed] == 0) {
        visits[also_removed] = -1;
        http_service_remove(&service, &links[also_removed]);
    }
}

static void walk_survives_removal(void **state)
{
    (void)state;
    for (also_removed = 0; also_removed <= LINKS; also_removed++) {
        service = (struct http_service){0};
        for (size_t i = 0; i < LINKS; i++) {
            visits[i] = 0;
            http_service_add(&service, &links[i]);
        }
        assert_int_equal(service.connection_count, LINKS);
        http_service_each(&service, visit, 7);
        assert_int_equal(service.connection_count, 0);
        assert_null(service.first);
        for (size_t i = 0; i < LINKS; i++) {
            if (visits[i] != 1 && !(i == also_removed && visits[i] == -1))
                fail_msg("removing %zu too: link %zu was visited %d times", also_removed, i,
                         visits[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(walk_survives_removal)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
