/* A block is one's own until it is given back, and begins as zeros each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/spares.h"

#define SIZE 48
#define KEEP 3
#define BLOCKS 8

static const char zeros[SIZE];

static void a_block_begins_as_zeros(void **state)
{
    struct spares spares = {.size = SIZE, .keep_max = KEEP};

    (void)state;
    for (int round = 0; round < 3; round++) {
        char *block = spares_take(&spares);

        assert_memory_equal(block, zeros, SIZE);
        memset(block, 0xff, SIZE);
        spares_give(&spares, block);
    }
    spares_free(&spares);
}

static void nobody_shares_a_block(void **state)
{
    struct spares spares = {.size = SIZE, .keep_max = KEEP};
    char *blocks[BLOCKS];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < BLOCKS; i++)
            memset(blocks[i] = spares_take(&spares), i + 1, SIZE);
        for (int i = 0; i < BLOCKS; i++)
            for (int at = 0; at < SIZE; at++)
                assert_int_equal(blocks[i][at], i + 1);
        for (int i = 0; i < BLOCKS; i++)
            spares_give(&spares, blocks[i]);
    }
    spares_free(&spares);
}

static void no_more_are_kept_than_asked_for(void **state)
{
    struct spares spares = {.size = SIZE, .keep_max = KEEP};
    void *blocks[BLOCKS];

    (void)state;
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = spares_take(&spares);
    for (int i = 0; i < BLOCKS; i++)
        spares_give(&spares, blocks[i]);
    assert_true(spares.kept <= KEEP);
    spares_free(&spares);
    assert_int_equal(spares.kept, 0);
    free(spares_take(&spares));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_begins_as_zeros),
        cmocka_unit_test(nobody_shares_a_block),
        cmocka_unit_test(no_more_are_kept_than_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
