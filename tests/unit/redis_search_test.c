/* The way to the primary: most Sentinels decide, one that is gone or stale does not trap anybody,
 * and answers that make no sense name nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/redis/redis_search.h"

static struct redis_search new_search(const char *sentinels)
{
    struct redis_search search = {.server = {"10.0.0.9", 6379}};

    if (sentinels)
        assert_true(redis_address_list_parse(sentinels, search.sentinels, &search.sentinel_count));
    redis_search_begin(&search);
    return search;
}

static void expect_target(const struct redis_search *search, enum redis_step step, const char *host)
{
    if (search->step != step || strcmp(search->target.host, host) != 0)
        fail_msg("expected %s %s, saw %s %s", step == REDIS_STEP_SERVER ? "server" : "Sentinel",
                 host, search->step == REDIS_STEP_SERVER ? "server" : "Sentinel",
                 search->target.host);
}

static bool hear(struct redis_search *search, const char *host)
{
    struct redis_address address = {.port = 6379};

    if (!host)
        return redis_search_heard(search, NULL);
    strcpy(address.host, host);
    return redis_search_heard(search, &address);
}

static void without_sentinels_it_is_the_server(void **state)
{
    struct redis_search search = new_search(NULL);

    (void)state;
    expect_target(&search, REDIS_STEP_SERVER, "10.0.0.9");
    redis_search_begin(&search);
    expect_target(&search, REDIS_STEP_SERVER, "10.0.0.9");
}

static void two_of_three_are_enough(void **state)
{
    struct redis_search search = new_search("s1:1,s2:2,s3:3");

    (void)state;
    expect_target(&search, REDIS_STEP_SENTINEL, "s1");
    assert_true(hear(&search, "a"));
    expect_target(&search, REDIS_STEP_SENTINEL, "s2");
    assert_true(hear(&search, "a"));
    expect_target(&search, REDIS_STEP_SERVER, "a");
    assert_int_equal(search.target.port, 6379);
}

static void a_stale_sentinel_is_outvoted(void **state)
{
    static const char *const names[][3] = {
        {"old", "new", "new"}, {"new", "old", "new"}, {"new", "new", "old"}, {NULL, "new", "new"}};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct redis_search search = new_search("s1:1,s2:2,s3:3");

        for (size_t n = 0; n < 3 && search.step == REDIS_STEP_SENTINEL; n++)
            assert_true(hear(&search, names[i][n]));
        expect_target(&search, REDIS_STEP_SERVER, "new");
    }
}

/* One is stale, one is right, one is gone: each has its turn of being the first. */
static void an_even_vote_is_a_trap_for_one_round_only(void **state)
{
    struct redis_search search = new_search("stale:1,right:2,gone:3");
    int found = 0;

    (void)state;
    for (int round = 0; round < 3; round++) {
        redis_search_begin(&search);
        while (search.step == REDIS_STEP_SENTINEL) {
            const char *asked = search.target.host;

            assert_true(hear(&search, strcmp(asked, "stale") == 0   ? "old"
                                      : strcmp(asked, "right") == 0 ? "new"
                                                                    : NULL));
        }
        found += strcmp(search.target.host, "new") == 0;
    }
    assert_true(found >= 1);
}

static void where_nobody_knows_the_round_is_over(void **state)
{
    struct redis_search search = new_search("s1:1,s2:2");

    (void)state;
    for (int round = 0; round < 5; round++) {
        assert_true(hear(&search, NULL));
        expect_target(&search, REDIS_STEP_SENTINEL, round % 2 ? "s1" : "s2");
        assert_false(hear(&search, NULL));
        redis_search_begin(&search);
    }
    assert_true(hear(&search, "a"));
    assert_true(hear(&search, NULL));
    expect_target(&search, REDIS_STEP_SERVER, "a");
}

static void one_sentinel_is_believed(void **state)
{
    struct redis_search search = new_search("s1:1");

    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_true(hear(&search, "a"));
        expect_target(&search, REDIS_STEP_SERVER, "a");
        redis_search_begin(&search);
        expect_target(&search, REDIS_STEP_SENTINEL, "s1");
    }
}

static redisReply *read_reply(redisReader **reader, const char *bytes)
{
    void *reply = NULL;

    *reader = redisReaderCreate();
    redisReaderFeed(*reader, bytes, strlen(bytes));
    assert_int_equal(redisReaderGetReply(*reader, &reply), REDIS_OK);
    return reply;
}

static void an_address_is_read_or_refused(void **state)
{
    static const struct {
        const char *bytes, *host;
        uint16_t port;
    } rows[] = {
        {"*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n", "127.0.0.1", 6379},
        {"*2\r\n$3\r\n::1\r\n$5\r\n65535\r\n", "::1", 65535},
        {"*-1\r\n", NULL, 0}, /* what a Sentinel says that does not know the name */
        {"*2\r\n$9\r\n127.0.0.1\r\n$1\r\n0\r\n", NULL, 0},
        {"*2\r\n$9\r\n127.0.0.1\r\n$5\r\n65536\r\n", NULL, 0},
        {"*2\r\n$9\r\n127.0.0.1\r\n$2\r\n-1\r\n", NULL, 0},
        {"*2\r\n$9\r\n127.0.0.1\r\n$0\r\n\r\n", NULL, 0},
        {"*2\r\n$0\r\n\r\n$4\r\n6379\r\n", NULL, 0},
        {"*2\r\n$9\r\n127.0.0.1\r\n:6379\r\n", NULL, 0},
        {"*1\r\n$9\r\n127.0.0.1\r\n", NULL, 0},
        {"*0\r\n", NULL, 0},
        {"$9\r\n127.0.0.1\r\n", NULL, 0},
        {"-IDONTKNOW I have not enough information to reply.\r\n", NULL, 0},
    };

    (void)state;
    assert_false(redis_search_read_address(NULL, &(struct redis_address){.port = 0}));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct redis_address address;
        redisReader *reader;
        redisReply *reply = read_reply(&reader, rows[i].bytes);
        bool seen = redis_search_read_address(reply, &address);

        if (seen != (rows[i].host != NULL))
            fail_msg("%s: expected %d, saw %d", rows[i].bytes, rows[i].host != NULL, seen);
        if (seen) {
            assert_string_equal(address.host, rows[i].host);
            assert_int_equal(address.port, rows[i].port);
        }
        freeReplyObject(reply);
        redisReaderFree(reader);
    }
}

static void only_a_primary_is_one(void **state)
{
    static const struct {
        const char *bytes;
        bool primary;
    } rows[] = {
        {"*3\r\n$6\r\nmaster\r\n:3129659\r\n*0\r\n", true},
        {"*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:1\r\n", false},
        {"*2\r\n$8\r\nsentinel\r\n*0\r\n", false},
        {"$6\r\nmaster\r\n", false},
        {"+PONG\r\n", false},
        {"*0\r\n", false},
        {"-LOADING Redis is loading the dataset in memory\r\n", false},
    };

    (void)state;
    assert_false(redis_search_is_primary(NULL));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        redisReader *reader;
        redisReply *reply = read_reply(&reader, rows[i].bytes);

        if (redis_search_is_primary(reply) != rows[i].primary)
            fail_msg("%s: expected %d", rows[i].bytes, rows[i].primary);
        freeReplyObject(reply);
        redisReaderFree(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_sentinels_it_is_the_server),
        cmocka_unit_test(two_of_three_are_enough),
        cmocka_unit_test(a_stale_sentinel_is_outvoted),
        cmocka_unit_test(an_even_vote_is_a_trap_for_one_round_only),
        cmocka_unit_test(where_nobody_knows_the_round_is_over),
        cmocka_unit_test(one_sentinel_is_believed),
        cmocka_unit_test(an_address_is_read_or_refused),
        cmocka_unit_test(only_a_primary_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
