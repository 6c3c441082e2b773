/* (instance, thread, milliseconds, sequence) never repeats: not when more than 4096 ids are made in
 * a millisecond, not when the clock goes back, not across threads and instances. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/contract/request_id.h"

#define NOW INT64_C(1700000000000)
#define THREADS 4
#define PER_THREAD 20000

typedef char uuid[REQUEST_ID_UUID_SIZE];

static struct request_id_keys *keys;

static int make_keys(void **state)
{
    char error[80];

    (void)state;
    keys = request_id_keys_parse("000102030405060708090a0b0c0d0e0f", error, sizeof error);
    return keys == NULL ? -1 : 0;
}

static int free_keys(void **state)
{
    (void)state;
    request_id_keys_free(keys);
    return 0;
}

static uuid *make_room(size_t count)
{
    uuid *ids = calloc(count, sizeof *ids);

    assert_non_null(ids);
    return ids;
}

/* Without the tag, which would hide that the fields in front of it are the same. */
static int compare_fields(const void *a, const void *b)
{
    return memcmp(a, b, 27);
}

static void expect_unique(uuid *ids, size_t count)
{
    qsort(ids, count, sizeof *ids, compare_fields);
    for (size_t i = 1; i < count; i++) {
        if (compare_fields(ids[i - 1], ids[i]) == 0)
            fail_msg("%s and %s", ids[i - 1], ids[i]);
    }
}

/* In the order in which they were made. */
static void expect_rising(uuid *ids, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (compare_fields(ids[i - 1], ids[i]) >= 0)
            fail_msg("%s came before %s", ids[i - 1], ids[i]);
    }
}

static void more_than_a_millisecond_holds(void **state)
{
    struct request_id_generator generator = {keys, 1, 1, 0, 0};
    uuid *ids = make_room(20000);

    (void)state;
    for (size_t i = 0; i < 20000; i++)
        request_id_generate(&generator, NOW, 16, ids[i]);
    expect_rising(ids, 20000);
    assert_int_equal(generator.last_ms, NOW + 20000 / 4096);
    /* The clock catches up inside the milliseconds that were used ahead of it. */
    for (size_t i = 0; i < 20000; i++)
        request_id_generate(&generator, NOW + (int64_t)i / 1000, 16, ids[i]);
    expect_rising(ids, 20000);
    assert_int_equal(generator.last_ms, NOW + 19);
    free(ids);
}

static void a_clock_that_goes_back(void **state)
{
    static const int64_t clock[] = {NOW,     NOW,     NOW - 1, NOW - 3600000, 0,       -5,
                                    NOW - 1, NOW + 1, NOW,     NOW + 1,       NOW + 2, NOW + 2};
    enum { COUNT = sizeof clock / sizeof clock[0] };
    struct request_id_generator generator = {keys, 1, 1, 0, 0};
    uuid *ids = make_room(COUNT);

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        request_id_generate(&generator, clock[i], 16, ids[i]);
    expect_rising(ids, COUNT);
    assert_int_equal(generator.last_ms, NOW + 2);
    free(ids);
}

static void other_threads_and_instances(void **state)
{
    static const uint32_t instances[] = {0, 1, 2, 63, 64, 65, REQUEST_ID_INSTANCES - 1};
    static const uint32_t threads[] = {0, 1, 2, 31, 32, REQUEST_ID_THREADS - 1};
    enum { EACH = 100, COUNT = 7 * 6 * EACH };
    uuid *ids = make_room(COUNT);
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 0; j < 6; j++) {
            struct request_id_generator generator = {keys, instances[i], threads[j], 0, 0};

            for (int k = 0; k < EACH; k++)
                request_id_generate(&generator, NOW, 16, ids[at++]);
        }
    }
    expect_unique(ids, COUNT);
    free(ids);
}

struct job {
    uint32_t thread;
    uuid *ids;
};

static void *generate(void *cookie)
{
    struct job *job = cookie;
    struct request_id_generator generator = {keys, 7, job->thread, 0, 0};

    for (size_t i = 0; i < PER_THREAD; i++)
        request_id_generate(&generator, clock_wall_ms(), 16, job->ids[i]);
    return NULL;
}

static void threads_at_the_same_time(void **state)
{
    uuid *ids = make_room(THREADS * PER_THREAD);
    pthread_t threads[THREADS];
    struct job jobs[THREADS];

    (void)state;
    for (uint32_t i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){i, ids + (size_t)i * PER_THREAD};
        assert_int_equal(pthread_create(&threads[i], NULL, generate, &jobs[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        expect_rising(jobs[i].ids, PER_THREAD);
    for (size_t i = 0; i < THREADS * PER_THREAD; i++)
        assert_int_equal(request_id_classify(keys, ids[i], strlen(ids[i]), 16), REQUEST_ID_OURS);
    expect_unique(ids, THREADS * PER_THREAD);
    free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_a_millisecond_holds),
        cmocka_unit_test(a_clock_that_goes_back),
        cmocka_unit_test(other_threads_and_instances),
        cmocka_unit_test(threads_at_the_same_time),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
