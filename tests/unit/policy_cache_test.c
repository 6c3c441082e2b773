/* What a gateway knows of policies' windows: asked once, read again in the background, fresh after
 * a change, and still there while MySQL does not answer. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/policy_cache.h"
#include "common/base/container_of.h"
#include "tests/unit/loop.h"
#include "tests/unit/sql_fakes.h"

#define REFRESH_MS 1000
#define SECOND INT64_C(1000000)

/* Policy id's windows: coupons 10·id, 10·id+1, … */
static unsigned int windows_of[100];

static inline void sql_fake_rows(const char *text, sql_row row, void *cookie)
{
    const char *at = strstr(text, "policy_id IN (") + strlen("policy_id IN (");

    while (*at != ')') {
        char *end;
        uint64_t id = strtoull(at, &end, 10);

        at = end + (*end == ',');
        for (unsigned int i = 0; i < windows_of[id]; i++) {
            char id_text[24], coupon_text[24];
            char starts[] = "2022-01-01 00:00:00.000";
            char *values[] = {id_text, coupon_text, starts, NULL};
            unsigned long lengths[] = {0, 0, sizeof starts - 1, 0};

            snprintf(id_text, sizeof id_text, "%" PRIu64, id);
            snprintf(coupon_text, sizeof coupon_text, "%" PRIu64, 10 * id + i);
            row(cookie, values, lengths);
        }
    }
}

struct asker {
    struct policy_wait wait;
    int told;
    enum policy_answer answer;
    size_t count;
    uint64_t first;
};

struct world {
    struct event_base *base;
    struct policy_cache *cache;
};

static void ready(struct policy_wait *wait, enum policy_answer answer,
                  const struct policy_view *view)
{
    struct asker *asker = CONTAINER_OF(wait, struct asker, wait);

    assert_null(wait->near.entry);
    asker->told++;
    asker->answer = answer;
    asker->count = answer == POLICY_KNOWN ? view->count : 0;
    asker->first = asker->count > 0 ? view->windows[0].coupon_id : 0;
}

static int new_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    memset(windows_of, 0, sizeof windows_of);
    windows_of[7] = 2;
    windows_of[8] = 1;
    sql_fake_count = sql_fake_asked = 0;
    sql_fake_full = false;
    clock_fake_us = 1000 * SECOND;
    world->base = event_base_new();
    world->cache = policy_cache_new(world->base, NULL, NULL, REFRESH_MS);
    *state = world;
    return 0;
}

static int free_world(void **state)
{
    struct world *world = *state;

    while (sql_fake_count)
        sql_fake_answer(SQL_OUTAGE);
    policy_cache_free(world->cache);
    event_base_free(world->base);
    free(world);
    return 0;
}

static enum policy_answer find(struct world *world, uint64_t policy_id, struct asker *asker)
{
    struct policy_view view = {NULL, 0};
    enum policy_answer answer;

    *asker = (struct asker){.wait.ready = ready};
    answer = policy_cache_find(world->cache, policy_id, &view, &asker->wait);
    asker->count = view.count;
    return answer;
}

static void turn(struct world *world)
{
    loop_run_ms(world->base, 5);
}

static void later(struct world *world, int64_t us)
{
    clock_fake_us += us;
    loop_run_ms(world->base, 70);
}

static void answer(struct world *world, enum sql_class class)
{
    turn(world);
    sql_fake_answer(class);
    turn(world);
}

static void askers_wait_together_for_one_query(void **state)
{
    struct world *world = *state;
    struct asker first, second, other, missing;

    assert_int_equal(find(world, 7, &first), POLICY_WAIT);
    assert_int_equal(find(world, 7, &second), POLICY_WAIT);
    assert_int_equal(find(world, 8, &other), POLICY_WAIT);
    assert_int_equal(find(world, 9, &missing), POLICY_WAIT);
    answer(world, SQL_OK);
    assert_int_equal(sql_fake_asked, 1);
    assert_int_equal(first.told + second.told + other.told + missing.told, 4);
    assert_int_equal(first.answer, POLICY_KNOWN);
    assert_int_equal(second.count, 2);
    assert_int_equal(first.first, 70);
    assert_int_equal(other.first, 80);
    assert_int_equal(missing.answer, POLICY_ABSENT);
    assert_int_equal(find(world, 7, &first), POLICY_KNOWN);
    assert_int_equal(first.count, 2);
    assert_int_equal(find(world, 9, &missing), POLICY_ABSENT);
    turn(world);
    assert_int_equal(sql_fake_asked, 1);
}

static void who_left_is_not_told(void **state)
{
    struct world *world = *state;
    struct asker asker;

    find(world, 7, &asker);
    policy_cache_leave(&asker.wait);
    answer(world, SQL_OK);
    assert_int_equal(asker.told, 0);
}

static void what_is_old_is_read_again_meanwhile_it_serves(void **state)
{
    struct world *world = *state;
    struct asker asker;

    find(world, 7, &asker);
    answer(world, SQL_OK);
    windows_of[7] = 3;
    later(world, SECOND + 1);
    assert_int_equal(find(world, 7, &asker), POLICY_KNOWN);
    assert_int_equal(asker.count, 2);
    answer(world, SQL_OK);
    assert_int_equal(sql_fake_asked, 2);
    assert_int_equal(find(world, 7, &asker), POLICY_KNOWN);
    assert_int_equal(asker.count, 3);
}

static void what_is_too_old_is_waited_for(void **state)
{
    struct world *world = *state;
    struct asker asker;

    find(world, 7, &asker);
    answer(world, SQL_OK);
    windows_of[7] = 3;
    later(world, 4 * SECOND);
    assert_int_equal(find(world, 7, &asker), POLICY_WAIT);
    answer(world, SQL_OK);
    assert_int_equal(asker.count, 3);
}

static void after_a_change_nobody_is_told_what_was_before(void **state)
{
    struct world *world = *state;
    struct asker asker;
    struct sql_job *job;

    find(world, 7, &asker);
    turn(world);
    job = sql_fake_run(SQL_OK); /* answered before the change, on its way */
    windows_of[7] = 3;
    policy_cache_changed(world->cache);
    job->done(job);
    turn(world);
    assert_int_equal(asker.told, 0);
    answer(world, SQL_OK);
    assert_int_equal(asker.told, 1);
    assert_int_equal(asker.count, 3);

    windows_of[7] = 0;
    policy_cache_changed(world->cache);
    assert_int_equal(find(world, 7, &asker), POLICY_WAIT);
    answer(world, SQL_OK);
    assert_int_equal(asker.answer, POLICY_ABSENT);
}

static void while_mysql_is_away_the_old_holds_and_the_new_is_doubtful(void **state)
{
    struct world *world = *state;
    struct asker asker;

    find(world, 7, &asker);
    answer(world, SQL_OK);
    later(world, 4 * SECOND);
    assert_int_equal(find(world, 7, &asker), POLICY_WAIT);
    answer(world, SQL_OUTAGE);
    assert_int_equal(asker.answer, POLICY_KNOWN);
    assert_int_equal(asker.count, 2);
    assert_int_equal(find(world, 8, &asker), POLICY_WAIT);
    answer(world, SQL_OUTAGE);
    assert_int_equal(asker.answer, POLICY_DOUBTFUL);
    assert_int_equal(find(world, 8, &asker), POLICY_DOUBTFUL);
    later(world, SECOND);
    assert_int_equal(find(world, 8, &asker), POLICY_WAIT);
    answer(world, SQL_OK);
    assert_int_equal(asker.answer, POLICY_KNOWN);
}

static void nobody_waits_for_long(void **state)
{
    struct world *world = *state;
    struct asker asker;

    find(world, 8, &asker);
    later(world, 200000);
    assert_int_equal(asker.told, 0);
    later(world, 150000);
    assert_int_equal(asker.told, 1);
    assert_int_equal(asker.answer, POLICY_DOUBTFUL);
}

static void a_full_pool_is_like_no_answer(void **state)
{
    struct world *world = *state;
    struct asker asker;

    sql_fake_full = true;
    assert_int_equal(find(world, 8, &asker), POLICY_WAIT);
    turn(world);
    assert_int_equal(asker.told, 1);
    assert_int_equal(asker.answer, POLICY_DOUBTFUL);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, new_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(askers_wait_together_for_one_query),
        CASE(who_left_is_not_told),
        CASE(what_is_old_is_read_again_meanwhile_it_serves),
        CASE(what_is_too_old_is_waited_for),
        CASE(after_a_change_nobody_is_told_what_was_before),
        CASE(while_mysql_is_away_the_old_holds_and_the_new_is_doubtful),
        CASE(nobody_waits_for_long),
        CASE(a_full_pool_is_like_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
