/* The round of the first question for an id stays, until another id takes its place; then it can
 * only become later. Of what may be tried again it stays while questions follow one another. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/settle_table.h"
#include "tests/unit/random.h"

static uint32_t first_round(struct settle_table *table, const char *id, uint32_t round)
{
    return settle_table_first_round(table, id, strlen(id), round, true);
}

static void the_first_round_stays(void **state)
{
    struct settle_table *table = calloc(1, sizeof *table);

    (void)state;
    assert_int_equal(first_round(table, "a", 3), 3);
    assert_int_equal(first_round(table, "a", 4), 3);
    assert_int_equal(first_round(table, "b", 4), 4);
    assert_int_equal(first_round(table, "a", UINT32_MAX), 3);
    assert_int_equal(first_round(table, "b", 5), 4);
    assert_int_equal(settle_table_first_round(table, "abc", 1, 9, true), 3); /* the length counts */
    assert_int_equal(settle_table_first_round(table, "", 0, 9, true), 9);
    assert_int_equal(settle_table_first_round(table, "", 0, 10, true), 9);
    free(table);
}

static uint32_t again(struct settle_table *table, uint32_t round)
{
    return settle_table_first_round(table, "again", 5, round, false);
}

static void questions_about_what_may_be_tried_again_count_in_a_row(void **state)
{
    struct settle_table *table = calloc(1, sizeof *table);

    (void)state;
    assert_int_equal(again(table, UINT32_MAX - 1), UINT32_MAX - 1);
    assert_int_equal(again(table, 1), 1); /* three rounds later */
    assert_int_equal(again(table, 3), 1);
    assert_int_equal(again(table, 2), 1); /* a late one of before */
    assert_int_equal(again(table, 5), 1);
    assert_int_equal(again(table, 8), 8);
    settle_table_forget(table, "again", 5);
    assert_int_equal(again(table, 9), 9);
    settle_table_forget(table, "other", 5);
    assert_int_equal(again(table, 10), 9);
    free(table);
}

/* 40,000 ids in 8,192 places: whatever is answered was true of this very id. */
static void it_may_forget_and_never_mixes_up(void **state)
{
    struct settle_table *table = calloc(1, sizeof *table);
    static uint32_t first[40000];
    uint64_t random = 1;
    size_t kept = 0;

    (void)state;
    for (uint32_t round = 1; round <= 200000; round++) {
        size_t i = random_u64(&random) % 40000;
        char id[40];
        uint32_t seen;

        snprintf(id, sizeof id, "018bcfe5-6800-7000-8000-%012zx", i);
        seen = first_round(table, id, round);
        if (seen < first[i] || seen > round || (first[i] == 0 && seen != round))
            fail_msg("%s in round %" PRIu32 ": first asked for in %" PRIu32 ", saw %" PRIu32, id,
                     round, first[i], seen);
        kept += first[i] != 0 && seen == first[i];
        first[i] = seen;
    }
    assert_true(kept > 10000);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_round_stays),
        cmocka_unit_test(questions_about_what_may_be_tried_again_count_in_a_row),
        cmocka_unit_test(it_may_forget_and_never_mixes_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
