/* The place that a replayed record had at first: read exactly or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "issue-worker/replay_mark.h"

static void what_is_written_is_read(void **state)
{
    static const struct {
        int32_t partition;
        int64_t offset;
    } places[] = {{0, 0}, {7, 4711}, {INT32_MAX, INT64_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char text[REPLAY_ORIGIN_SIZE];
        int32_t partition = -1;
        int64_t offset = -1;

        replay_origin_format(places[i].partition, places[i].offset, text);
        assert_true(replay_origin_parse(text, strlen(text), &partition, &offset));
        assert_int_equal(partition, places[i].partition);
        assert_true(offset == places[i].offset);
    }
}

static void anything_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "",     ":",     "1",     "1:",           ":1",
        "-1:2", "1:-2",  "+1:2",  "1: 2",         "1:2 ",
        "a:1",  "1:2:3", "0x1:2", "2147483648:1", "1:9223372036854775808"};
    int32_t partition = 5;
    int64_t offset = 6;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (replay_origin_parse(bad[i], strlen(bad[i]), &partition, &offset))
            fail_msg("\"%s\" was read", bad[i]);
    assert_false(replay_origin_parse("1:2", 2, &partition, &offset)); /* len rules */
    assert_false(replay_origin_parse(NULL, 0, &partition, &offset));
    assert_int_equal(partition, 5);
    assert_int_equal(offset, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
