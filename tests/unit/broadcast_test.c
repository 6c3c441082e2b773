/* A broadcast is read as it was written, and anything else is left alone: it may come from a newer
 * sender, or from somebody who types into Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract/broadcast.h"
#include "tests/unit/random.h"

#define TEN "t.3456_89-"
#define TOPIC_249                                                                                  \
    TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN    \
        TEN "123456789"

static const struct {
    struct broadcast broadcast;
    const char *text;
} rows[] = {
    {{.type = BROADCAST_PROGRESS,
      .topic = "coupon-issue-request",
      .next_offset = 4711,
      .caught_up = true},
     "progress coupon-issue-request 0 4711 1"},
    {{.type = BROADCAST_PROGRESS, .topic = "a.B_c-9", .partition = 12}, "progress a.B_c-9 12 0 0"},
    {{.type = BROADCAST_PROGRESS,
      .topic = TOPIC_249,
      .partition = INT32_MAX,
      .next_offset = INT64_MAX},
     "progress " TOPIC_249 " 2147483647 9223372036854775807 0"},
    {{.type = BROADCAST_SOLD_OUT, .coupon_id = 1, .total_stock = 100}, "sold-out 1 100"},
    {{.type = BROADCAST_SOLD_OUT, .coupon_id = UINT64_MAX, .total_stock = UINT32_MAX},
     "sold-out 18446744073709551615 4294967295"},
    {{.type = BROADCAST_CHANGED, .coupon_id = 9007199254740993}, "changed 9007199254740993"},
};

static void expect_same(const struct broadcast *got, const struct broadcast *want, const char *text)
{
    if (got->type != want->type || strcmp(got->topic, want->topic) != 0 ||
        got->partition != want->partition || got->next_offset != want->next_offset ||
        got->caught_up != want->caught_up || got->coupon_id != want->coupon_id ||
        got->total_stock != want->total_stock)
        fail_msg("\"%s\" was read as another broadcast", text);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct broadcast back;
        char text[BROADCAST_SIZE];

        memset(&back, 0x55, sizeof back);
        assert_int_equal(broadcast_encode(&rows[i].broadcast, text), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
        assert_true(broadcast_decode(text, strlen(text), &back));
        expect_same(&back, &rows[i].broadcast, text);
    }
}

static void any_broadcast_is_read_back(void **state)
{
    static const char letters[] = "azAZ09._-";
    uint64_t random = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct broadcast broadcast = {.type = (enum broadcast_type)(random_u64(&random) % 3)};
        struct broadcast back;
        char text[BROADCAST_SIZE];
        size_t len;

        if (broadcast.type == BROADCAST_PROGRESS) {
            size_t topic_len = random_between(&random, 1, BROADCAST_TOPIC_MAX);

            for (size_t i = 0; i < topic_len; i++)
                broadcast.topic[i] = random_byte(&random, letters, sizeof letters - 1);
            broadcast.partition = (int32_t)random_between(&random, 0, INT32_MAX);
            broadcast.next_offset = (int64_t)random_between(&random, 0, INT64_MAX);
            broadcast.caught_up = random_u64(&random) % 2 == 0;
        } else {
            broadcast.coupon_id = random_between(&random, 0, UINT64_MAX);
            if (broadcast.type == BROADCAST_SOLD_OUT)
                broadcast.total_stock = (uint32_t)random_between(&random, 0, UINT32_MAX);
        }
        len = broadcast_encode(&broadcast, text);
        assert_int_equal(len, strlen(text));
        assert_true(broadcast_decode(text, len, &back));
        expect_same(&back, &broadcast, text);
    }
}

static void what_is_not_known_is_left_alone(void **state)
{
    static const char *const others[] = {"",
                                         " ",
                                         "progress",
                                         "progress ",
                                         "progress t",
                                         "progress t 0",
                                         "progress t 0 1",
                                         "progress t 0 1 ",
                                         "progress t 0 1 2",
                                         "progress t 0 1 9",
                                         "progress t 0 1 01",
                                         "progress t 0 1 1 1",
                                         "progress t 0 1 1 ",
                                         "progress  0 1 1",
                                         "progress t  0 1 1",
                                         " progress t 0 1 1",
                                         "progress t/u 0 1 1",
                                         "progress t -1 1 1",
                                         "progress t +1 1 1",
                                         "progress t 01 1 1",
                                         "progress t 2147483648 1 1",
                                         "progress t 0 9223372036854775808 1",
                                         "progress t 0 -1 1",
                                         "progress t 0 1 true",
                                         "progress t 0 1x 1",
                                         "progress\tt\t0\t1\t1",
                                         "progress " TOPIC_249 "x 0 1 1",
                                         "PROGRESS t 0 1 1",
                                         "progres t 0 1 1",
                                         "sold-out",
                                         "sold-out 1",
                                         "sold-out 1 ",
                                         "sold-out 1 4294967296",
                                         "sold-out 1 -1",
                                         "sold-out  1 1",
                                         "sold-out 1  1",
                                         "sold-out 1 1 1",
                                         "sold-out 18446744073709551616 1",
                                         "sold-out 99999999999999999999999 1",
                                         "sold-out x 1",
                                         "sold_out 1 1",
                                         "changed",
                                         "changed ",
                                         "changed 1 ",
                                         "changed 1 2",
                                         "changed 1\n",
                                         "changed 1.0",
                                         "changed 0x1",
                                         "changed 001",
                                         "changed1",
                                         "revoked 1"};
    struct broadcast broadcast;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (broadcast_decode(others[i], strlen(others[i]), &broadcast))
            fail_msg("\"%s\" passed", others[i]);
    }
    assert_false(broadcast_decode("changed 1\0", 10, &broadcast));
    assert_false(broadcast_decode("changed\0001", 9, &broadcast));
    assert_false(broadcast_decode(NULL, 0, &broadcast));
}

static void a_text_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t len = 1; len < strlen(rows[i].text); len++) {
            char *copy = malloc(len);
            struct broadcast broadcast;

            /* Of this very size, so that a read beyond it is seen. */
            assert_non_null(copy);
            memcpy(copy, rows[i].text, len);
            if (broadcast_decode(copy, len, &broadcast))
                assert_int_equal(broadcast.type, rows[i].broadcast.type);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(any_broadcast_is_read_back),
        cmocka_unit_test(what_is_not_known_is_left_alone),
        cmocka_unit_test(a_text_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
