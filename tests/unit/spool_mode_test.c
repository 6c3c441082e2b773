/* Where accepted requests go, transition by transition; and against a model of chance: whatever
 * happens in whatever order, a gateway is direct only while none of its answered rows is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api-gateway/spool_mode.h"
#include "tests/unit/random.h"

#define SECOND INT64_C(1000000)

static const struct spool_look nothing = {.rows = 0};
static const struct spool_look fresh_of_ours = {.rows = 1, .oldest_us = SECOND / 100, .own = true};
static const struct spool_look fresh_of_others = {.rows = 1, .oldest_us = SECOND / 100};
static const struct spool_look old_of_others = {.rows = 9, .oldest_us = 4 * SECOND};

static struct spool_mode away_since(int64_t now_us)
{
    struct spool_mode mode;

    spool_mode_init(&mode, false, 0);
    spool_mode_failed(&mode, now_us);
    return mode;
}

/* Kafka has answered for long enough, and nothing waits. */
static struct spool_mode handover(void)
{
    struct spool_mode mode = away_since(0);

    spool_mode_probed(&mode, true, SECOND);
    spool_mode_probed(&mode, true, 3 * SECOND);
    spool_mode_looked(&mode, &nothing, false, 4 * SECOND);
    assert_int_equal(mode.state, SPOOL_HANDOVER);
    return mode;
}

static void the_first_failure_ends_direct(void **state)
{
    struct spool_mode mode;

    (void)state;
    spool_mode_init(&mode, false, 0);
    assert_int_equal(mode.state, SPOOL_DIRECT);
    assert_false(spool_mode_write_begins(&mode));
    spool_mode_failed(&mode, 5);
    assert_int_equal(mode.state, SPOOL_SPOOLING);
    assert_true(spool_mode_write_begins(&mode));
}

static void kafka_must_answer_for_a_while(void **state)
{
    struct spool_mode mode = away_since(0);

    (void)state;
    spool_mode_probed(&mode, true, SECOND);
    assert_int_equal(mode.state, SPOOL_SPOOLING);
    spool_mode_probed(&mode, false, 2 * SECOND);
    spool_mode_probed(&mode, true, 3 * SECOND);
    spool_mode_probed(&mode, true, 5 * SECOND - 1);
    assert_int_equal(mode.state, SPOOL_SPOOLING);
    spool_mode_probed(&mode, true, 5 * SECOND);
    assert_int_equal(mode.state, SPOOL_RELAYING);
    assert_true(spool_mode_write_begins(&mode));
    spool_mode_probed(&mode, false, 6 * SECOND);
    assert_int_equal(mode.state, SPOOL_SPOOLING);
}

static void failures_of_old_records_say_nothing(void **state)
{
    struct spool_mode mode = handover();

    (void)state;
    spool_mode_failed(&mode, 4 * SECOND);
    assert_int_equal(mode.state, SPOOL_HANDOVER);
    spool_mode_probed(&mode, false, 4 * SECOND);
    assert_int_equal(mode.state, SPOOL_SPOOLING);
}

static void nothing_is_handed_over_while_rows_wait_for_long(void **state)
{
    struct spool_mode mode = away_since(0);

    (void)state;
    spool_mode_probed(&mode, true, 0);
    spool_mode_probed(&mode, true, 2 * SECOND);
    spool_mode_looked(&mode, &old_of_others, false, 9 * SECOND);
    assert_int_equal(mode.state, SPOOL_RELAYING);
    spool_mode_looked(&mode, &fresh_of_ours, false, 9 * SECOND);
    assert_int_equal(mode.state, SPOOL_HANDOVER);
    assert_false(spool_mode_write_begins(&mode));
}

static void the_handover_waits_for_our_writes_and_rows(void **state)
{
    struct spool_mode mode = away_since(0);

    (void)state;
    assert_true(spool_mode_write_begins(&mode));
    spool_mode_probed(&mode, true, 0);
    spool_mode_probed(&mode, true, 2 * SECOND);
    spool_mode_looked(&mode, &nothing, false, 3 * SECOND);
    assert_int_equal(mode.state, SPOOL_HANDOVER);
    assert_false(spool_mode_quiet(&mode)); /* a write is under way */
    spool_mode_write_ended(&mode, true);
    spool_mode_looked(&mode, &nothing, false, 3 * SECOND + 1); /* began before the write ended */
    assert_int_equal(mode.state, SPOOL_HANDOVER);
    assert_true(spool_mode_quiet(&mode));
    spool_mode_looked(&mode, &fresh_of_ours, true, 3 * SECOND + 2);
    assert_int_equal(mode.state, SPOOL_HANDOVER);
    spool_mode_looked(&mode, &fresh_of_others, true, 3 * SECOND + 3);
    assert_int_equal(mode.state, SPOOL_DIRECT);
}

static void a_handover_is_short(void **state)
{
    struct spool_mode mode = handover();

    (void)state;
    spool_mode_looked(&mode, &fresh_of_ours, true, 5 * SECOND - 1);
    assert_int_equal(mode.state, SPOOL_HANDOVER);
    spool_mode_looked(&mode, &fresh_of_ours, true, 5 * SECOND);
    assert_int_equal(mode.state, SPOOL_RELAYING);
}

static void others_backlog_is_joined(void **state)
{
    struct spool_mode mode;

    (void)state;
    spool_mode_init(&mode, false, 0);
    spool_mode_looked(&mode, &fresh_of_others, false, SECOND);
    assert_int_equal(mode.state, SPOOL_DIRECT);
    spool_mode_looked(&mode, &old_of_others, false, 2 * SECOND);
    assert_int_equal(mode.state, SPOOL_RELAYING);
    spool_mode_init(&mode, true, 0);
    assert_int_equal(mode.state, SPOOL_RELAYING);
}

static void without_mysql_a_gateway_that_has_no_row_goes_back(void **state)
{
    struct spool_mode mode = away_since(0);

    (void)state;
    assert_true(spool_mode_write_begins(&mode));
    spool_mode_write_ended(&mode, false);
    spool_mode_probed(&mode, true, 0);
    spool_mode_probed(&mode, true, 2 * SECOND);
    spool_mode_looked(&mode, NULL, false, 3 * SECOND);
    assert_int_equal(mode.state, SPOOL_HANDOVER);
    spool_mode_looked(&mode, NULL, spool_mode_quiet(&mode), 3 * SECOND + 1);
    assert_int_equal(mode.state, SPOOL_DIRECT);
}

static void without_mysql_a_gateway_with_rows_stays(void **state)
{
    struct spool_mode mode = away_since(0);

    (void)state;
    assert_true(spool_mode_write_begins(&mode));
    spool_mode_write_ended(&mode, true);
    spool_mode_probed(&mode, true, 0);
    spool_mode_probed(&mode, true, 2 * SECOND);
    for (int64_t now_us = 3 * SECOND; now_us < 99 * SECOND; now_us += SECOND) {
        spool_mode_looked(&mode, NULL, spool_mode_quiet(&mode), now_us);
        assert_int_equal(mode.state, SPOOL_RELAYING);
    }
}

/* The world around a mode, as chance wants it: our answered rows in the table, and a look that may
 * be under way with what it saw. */
struct chance {
    struct spool_mode mode;
    uint64_t random;
    int64_t now_us;
    uint32_t writes;
    int rows;
    bool looking, quiet;
    struct spool_look seen;
};

static void look_begins(struct chance *chance)
{
    chance->quiet = spool_mode_quiet(&chance->mode);
    chance->seen = (struct spool_look){
        .rows = chance->rows,
        .own = chance->rows > 0,
        .oldest_us = chance->rows > 0 ? (int64_t)(random_u64(&chance->random) % (2 * SECOND)) : 0,
    };
    chance->looking = true;
}

/* The thread that looks does one thing after the other: no probe while it looks. */
static void look_goes_on(struct chance *chance)
{
    if (!chance->looking) {
        if (random_u64(&chance->random) % 2)
            look_begins(chance);
        else
            spool_mode_probed(&chance->mode, random_u64(&chance->random) % 20 != 0, chance->now_us);
        return;
    }
    spool_mode_looked(&chance->mode, random_u64(&chance->random) % 10 ? &chance->seen : NULL,
                      chance->quiet, chance->now_us);
    chance->looking = false;
}

static void step(struct chance *chance)
{
    chance->now_us += (int64_t)(random_u64(&chance->random) % SECOND);
    switch (random_u64(&chance->random) % 8) {
    case 0:
        spool_mode_failed(&chance->mode, chance->now_us);
        break;
    case 1:
        chance->writes += spool_mode_write_begins(&chance->mode);
        break;
    case 2:
        if (chance->writes > 0) {
            bool committed = random_u64(&chance->random) % 4 != 0;

            chance->writes--;
            chance->rows += committed;
            spool_mode_write_ended(&chance->mode, committed);
        }
        break;
    case 3:
        chance->rows = 0; /* the relay moved them */
        break;
    default:
        look_goes_on(chance);
    }
}

static void direct_means_that_no_row_of_ours_is_left(void **state)
{
    int visits = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct chance chance = {.random = seed};

        spool_mode_init(&chance.mode, false, 0);
        for (int i = 0; i < 2000; i++) {
            step(&chance);
            visits += chance.mode.state == SPOOL_DIRECT;
            if (chance.mode.state == SPOOL_DIRECT && (chance.rows > 0 || chance.writes > 0))
                fail_msg("seed %d, step %d: direct with %d rows and %u writes", (int)seed, i,
                         chance.rows, chance.writes);
        }
    }
    assert_true(visits > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_ends_direct),
        cmocka_unit_test(kafka_must_answer_for_a_while),
        cmocka_unit_test(failures_of_old_records_say_nothing),
        cmocka_unit_test(nothing_is_handed_over_while_rows_wait_for_long),
        cmocka_unit_test(the_handover_waits_for_our_writes_and_rows),
        cmocka_unit_test(a_handover_is_short),
        cmocka_unit_test(others_backlog_is_joined),
        cmocka_unit_test(without_mysql_a_gateway_that_has_no_row_goes_back),
        cmocka_unit_test(without_mysql_a_gateway_with_rows_stays),
        cmocka_unit_test(direct_means_that_no_row_of_ours_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
