/* What a consumer knows of its partitions: order, where to go on reading, and one "caught up" for
 * each look at the log's end. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issue-worker/partition_table.h"
#include "tests/unit/random.h"

static void partitions_are_in_order_and_can_be_found(void **state)
{
    struct partition_table table = {0};
    uint64_t random = 1;

    (void)state;
    for (int round = 0; round < 3; round++) {
        /* 0…99 in a random order: 37 has no divisor in common with 100. */
        int32_t start = (int32_t)(random_u64(&random) % 100);

        for (int32_t i = 0; i < 100; i++) {
            assert_null(partition_table_find(&table, (start + 37 * i) % 100));
            partition_table_add(&table, (start + 37 * i) % 100);
        }
        assert_int_equal(table.count, 100);
        for (int32_t i = 0; i < 100; i++) {
            if (table.items[i].number != i)
                fail_msg("place %d: saw partition %d", i, table.items[i].number);
            assert_ptr_equal(partition_table_find(&table, i), &table.items[i]);
        }
        assert_null(partition_table_find(&table, 100));
        partition_table_clear(&table);
        assert_null(partition_table_find(&table, 0));
    }
    partition_table_free(&table);
    partition_table_free(&table);
    assert_null(partition_table_find(&table, 0));
}

static void a_hole_is_in_the_log_where_reading_went_on(void **state)
{
    struct partition partition = {.read_offset = -1, .next_offset = -1};

    (void)state;
    assert_int_equal(partition_table_begin_offset(&partition, 50), 50);
    partition.positioned = true;
    assert_int_equal(partition_table_begin_offset(&partition, 50), 0);
    partition.next_offset = 40;
    assert_int_equal(partition_table_begin_offset(&partition, 50), 40);
    partition.read_offset = 45;
    assert_int_equal(partition_table_begin_offset(&partition, 50), 45);
    partition.positioned = false;
    assert_int_equal(partition_table_begin_offset(&partition, 50), 45);
}

static void a_new_partition_knows_nothing(void **state)
{
    struct partition_table table = {0};
    struct partition *partition;

    (void)state;
    partition_table_add(&table, 3);
    table.items[0].positioned = true;
    table.items[0].read_offset = 7;
    table.items[0].look_open = true;
    partition_table_clear(&table);
    partition_table_add(&table, 3);
    partition = partition_table_find(&table, 3);
    assert_non_null(partition);
    assert_false(partition->positioned);
    assert_int_equal(partition->read_offset, -1);
    assert_int_equal(partition->next_offset, -1);
    assert_int_equal(partition->end_offset, -1);
    assert_int_equal(partition->looked_us, 0);
    assert_false(partition->look_open);
    assert_false(partition_caught_up(partition));
    partition_table_free(&table);
}

static void reading_goes_on_behind_what_was_taken(void **state)
{
    static const struct {
        int64_t read_offset, next_offset, expected;
    } rows[] = {
        {-1, -1, -2}, /* the log's start */
        {-1, 0, 0},   {-1, 40, 40}, {0, 40, 0}, {45, 40, 45}, {45, -1, 45},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct partition partition = {.read_offset = rows[i].read_offset,
                                            .next_offset = rows[i].next_offset};
        int64_t seen = partition_table_seek_offset(&partition);

        if (seen != rows[i].expected)
            fail_msg("read %" PRId64 ", next %" PRId64 ": expected %" PRId64 ", saw %" PRId64,
                     rows[i].read_offset, rows[i].next_offset, rows[i].expected, seen);
    }
}

static void a_look_is_due_after_the_interval_and_when_the_last_is_over(void **state)
{
    struct partition partition = {.next_offset = -1, .end_offset = -1};

    (void)state;
    assert_true(partition_look_due(&partition, 1, 1000)); /* never looked */
    partition_looked(&partition, 5000, 0);
    partition.next_offset = -1;
    assert_false(partition_look_due(&partition, 99000, 1000)); /* open */
    partition.next_offset = 0;
    assert_true(partition_caught_up(&partition));
    assert_false(partition_look_due(&partition, 5999, 1000));
    assert_true(partition_look_due(&partition, 6000, 1000));
    partition_looked(&partition, 6000, -1); /* the broker did not answer: no look, try later */
    assert_int_equal(partition.end_offset, 0);
    assert_false(partition_caught_up(&partition));
    assert_false(partition_look_due(&partition, 6999, 1000));
    assert_true(partition_look_due(&partition, 7000, 1000));
}

static void caught_up_comes_once_a_look(void **state)
{
    struct partition partition = {.next_offset = 5, .end_offset = -1};

    (void)state;
    assert_false(partition_caught_up(&partition)); /* nothing was seen */
    partition_looked(&partition, 1000, 7);
    assert_false(partition_caught_up(&partition));
    partition.next_offset = 6;
    assert_false(partition_caught_up(&partition));
    partition.next_offset = 7;
    assert_true(partition_caught_up(&partition));
    assert_false(partition_caught_up(&partition));
    partition.next_offset = 9;
    assert_false(partition_caught_up(&partition));
    partition_looked(&partition, 2000, 8); /* behind already: an old answer is true all the same */
    assert_true(partition_caught_up(&partition));
    partition_looked(&partition, 3000, 9);
    assert_true(partition_caught_up(&partition));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_are_in_order_and_can_be_found),
        cmocka_unit_test(a_new_partition_knows_nothing),
        cmocka_unit_test(a_hole_is_in_the_log_where_reading_went_on),
        cmocka_unit_test(reading_goes_on_behind_what_was_taken),
        cmocka_unit_test(a_look_is_due_after_the_interval_and_when_the_last_is_over),
        cmocka_unit_test(caught_up_comes_once_a_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
