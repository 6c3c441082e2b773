/* Which dead letters a command is about: ids, filters, states, and letters about one record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/dlt/dlt_filter.h"
#include "issue-worker/dlt/dlt_window.h"

static const struct dlt_letter letter = {.partition = 1,
                                         .offset = 5,
                                         .timestamp_ms = 1000,
                                         .cause = {"WRONG_SHAPE", 11},
                                         .coupon_id = 7};

static void an_id_is_a_place_in_this_topic(void **state)
{
    static const char *const bad[] = {"",          "1",       "1:",       ":1",
                                      "x.DLT:1:2", "t.DLT:1", "t.DLT::1", "t.DLT:t.DLT:1:2",
                                      "-1:2",      "1:2:3"};
    struct dlt_id id;

    (void)state;
    assert_true(dlt_id_parse("1:2", "t.DLT", &id));
    assert_true(dlt_id_parse("t.DLT:3:4", "t.DLT", &id));
    assert_int_equal(id.partition, 3);
    assert_int_equal(id.offset, 4);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (dlt_id_parse(bad[i], "t.DLT", &id))
            fail_msg("\"%s\" was read", bad[i]);
}

static void ids_are_found_after_they_were_settled(void **state)
{
    struct dlt_id items[] = {{2, 1}, {0, 9}, {2, 1}, {0, 3}, {1, INT64_MAX}, {0, 9}};
    struct dlt_ids ids = {items, 6};
    const struct dlt_ids none = {NULL, 0};

    (void)state;
    dlt_ids_settle(&ids);
    assert_int_equal(ids.count, 4);
    assert_int_equal(dlt_ids_find(&ids, 0, 3), 0);
    assert_int_equal(dlt_ids_find(&ids, 1, INT64_MAX), 2);
    assert_int_equal(dlt_ids_find(&ids, 2, 1), 3);
    assert_int_equal(dlt_ids_find(&ids, 2, 2), -1);
    assert_int_equal(dlt_ids_find(&none, 0, 0), -1);
}

static void each_filter_keeps_out_what_it_is_for(void **state)
{
    struct dlt_id item = {1, 5};
    struct dlt_filter filter = dlt_filter_any();

    (void)state;
    assert_true(dlt_filter_takes(&filter, &letter));
    assert_false(dlt_filter_is_narrow(&filter));
    filter = (struct dlt_filter){{&item, 1}, 7, "shape", 1000, 1001};
    assert_true(dlt_filter_takes(&filter, &letter));
    assert_true(dlt_filter_is_narrow(&filter));
    filter.since_ms = 1001;
    assert_false(dlt_filter_takes(&filter, &letter));
    filter.since_ms = 0;
    filter.until_ms = 1000;
    assert_false(dlt_filter_takes(&filter, &letter));
    filter.until_ms = INT64_MAX;
    filter.cause = "SHAPES";
    assert_false(dlt_filter_takes(&filter, &letter));
    filter.cause = "WRONG_SHAPE";
    filter.coupon_id = 8;
    assert_false(dlt_filter_takes(&filter, &letter));
    filter.coupon_id = 0;
    assert_true(dlt_filter_takes(&filter, &letter));
    item.offset = 6;
    assert_false(dlt_filter_takes(&filter, &letter));
}

static void any_one_of_them_makes_it_narrow(void **state)
{
    struct dlt_filter filter = dlt_filter_any();

    (void)state;
    filter.coupon_id = 1;
    assert_true(dlt_filter_is_narrow(&filter));
    filter = dlt_filter_any();
    filter.cause = "x";
    assert_true(dlt_filter_is_narrow(&filter));
    filter = dlt_filter_any();
    filter.since_ms = 0;
    assert_true(dlt_filter_is_narrow(&filter));
    filter = dlt_filter_any();
    filter.until_ms = 0;
    assert_true(dlt_filter_is_narrow(&filter));
}

static void a_letter_without_a_cause_has_none_of_that_text(void **state)
{
    struct dlt_filter filter = dlt_filter_any();
    const struct dlt_letter bare = {.timestamp_ms = -1};

    (void)state;
    assert_true(dlt_filter_takes(&filter, &bare));
    filter.cause = "x";
    assert_false(dlt_filter_takes(&filter, &bare));
}

static enum dlt_state after(const struct dlt_action *actions, size_t count)
{
    enum dlt_state seen = DLT_OPEN;

    for (size_t i = 0; i < count; i++)
        seen = dlt_state_after(seen, &actions[i]);
    return seen;
}

static void states_follow_from_the_rows(void **state)
{
    const struct dlt_action begun = {true, false, false}, failed = {true, true, true};
    const struct dlt_action replayed = {true, true, false}, discarded = {false, true, false};

    (void)state;
    assert_int_equal(after((struct dlt_action[]){failed}, 1), DLT_OPEN);
    assert_int_equal(after((struct dlt_action[]){begun}, 1), DLT_UNFINISHED);
    assert_int_equal(after((struct dlt_action[]){begun, failed}, 2), DLT_UNFINISHED);
    assert_int_equal(after((struct dlt_action[]){begun, replayed}, 2), DLT_REPLAYED);
    assert_int_equal(after((struct dlt_action[]){replayed, begun}, 2), DLT_REPLAYED);
    assert_int_equal(after((struct dlt_action[]){begun, discarded}, 2), DLT_DISCARDED);
    assert_int_equal(after((struct dlt_action[]){discarded, replayed}, 2), DLT_DISCARDED);
    assert_true(dlt_state_is_open(DLT_UNFINISHED));
    assert_false(dlt_state_is_open(DLT_REPLAYED));
    assert_true(dlt_filter_takes_state("all", DLT_DISCARDED));
    assert_true(dlt_filter_takes_state("open", DLT_UNFINISHED));
    assert_false(dlt_filter_takes_state("open", DLT_REPLAYED));
    assert_true(dlt_filter_takes_state("replayed", DLT_REPLAYED));
    assert_false(dlt_filter_takes_state("discarded", DLT_REPLAYED));
}

static int64_t first(struct dlt_window *window, int64_t offset, int64_t record_offset,
                     int64_t timestamp_ms)
{
    const struct dlt_letter seen = {.partition = 1,
                                    .offset = offset,
                                    .has_record = record_offset >= 0,
                                    .record = {1, record_offset, timestamp_ms}};

    return dlt_window_first(window, &seen);
}

static void letters_about_one_record_are_recognised(void **state)
{
    struct dlt_window *window = dlt_window_new();

    (void)state;
    assert_int_equal(first(window, 10, 3, 100), 10);
    assert_int_equal(first(window, 11, 4, 100), 11);
    assert_int_equal(first(window, 12, 3, 100), 10);
    assert_int_equal(first(window, 13, 3, 100), 10);
    assert_int_equal(first(window, 14, 3, 101), 14); /* of a topic that was made anew */
    assert_int_equal(first(window, 15, -1, 0), 15);
    assert_int_equal(first(window, 16, -1, 0), 16);
    dlt_window_free(window);
}

static void the_window_forgets_the_oldest_only(void **state)
{
    struct dlt_window *window = dlt_window_new();

    (void)state;
    for (int64_t i = 0; i <= DLT_WINDOW_SIZE; i++)
        assert_true(first(window, i, i, 1) == i);
    assert_int_equal(first(window, DLT_WINDOW_SIZE + 1, 1, 1), 1);
    assert_int_equal(first(window, DLT_WINDOW_SIZE + 2, 0, 1), DLT_WINDOW_SIZE + 2);
    dlt_window_free(window);
    dlt_window_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_a_place_in_this_topic),
        cmocka_unit_test(ids_are_found_after_they_were_settled),
        cmocka_unit_test(each_filter_keeps_out_what_it_is_for),
        cmocka_unit_test(any_one_of_them_makes_it_narrow),
        cmocka_unit_test(a_letter_without_a_cause_has_none_of_that_text),
        cmocka_unit_test(states_follow_from_the_rows),
        cmocka_unit_test(letters_about_one_record_are_recognised),
        cmocka_unit_test(the_window_forgets_the_oldest_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
