/* Goal: every job that the pool takes comes back exactly once, on its loop and in time, where MySQL
 * refuses connections, keeps silent, or the pool is stopped; and no more jobs wait than allowed. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "api-gateway/sql_pool.h"
#include "common/base/clock.h"

#define WAITING_MAX 1024
#define PATIENCE_US (10 * 1000 * 1000)

/* A pool, a loop, and a port at which nobody answers. */
struct world {
    struct event_base *base;
    struct sql_options options;
    struct sql_pool *pool;
    struct sql_mailbox *mailbox;
    int server_fd;
    size_t done;
    enum sql_class last_class;
    struct sql_fault last_fault;
};

struct counted_job {
    struct sql_job job; /* first */
    struct world *world;
};

static enum sql_class never_run(struct sql_job *job, struct sql_session *session,
                                struct sql_fault *fault)
{
    (void)job;
    (void)session;
    (void)fault;
    abort();
}

static void job_done(struct sql_job *job)
{
    struct world *world = ((struct counted_job *)job)->world;

    world->done++;
    world->last_class = job->class;
    world->last_fault = job->fault;
    free(job);
}

/* Silent: the kernel takes connections and nobody ever speaks. Else they are refused. */
static void setup(struct world *world, size_t threads, bool silent)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;

    *world = (struct world){.base = event_base_new()};
    world->server_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(world->server_fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(world->server_fd, (struct sockaddr *)&address, &len), 0);
    if (silent)
        assert_int_equal(listen(world->server_fd, 16), 0);
    world->options = (struct sql_options){
        .host = "127.0.0.1",
        .port = ntohs(address.sin_port),
        .user = "coupon",
        .password = "coupon",
        .database = "coupon",
        .connect_timeout_s = 1,
        .answer_timeout_s = 1,
    };
    world->pool = sql_pool_start(&world->options, threads);
    world->mailbox = sql_mailbox_new(world->base);
}

static void teardown(struct world *world)
{
    sql_pool_stop(world->pool);
    sql_mailbox_free(world->mailbox);
    sql_pool_free(world->pool);
    event_base_free(world->base);
    close(world->server_fd);
}

static bool submit(struct world *world, int patience_ms)
{
    struct counted_job *job = calloc(1, sizeof *job);

    *job = (struct counted_job){.job = {.run = never_run, .done = job_done}, .world = world};
    if (sql_pool_submit(world->pool, world->mailbox, &job->job, patience_ms))
        return true;
    free(job);
    return false;
}

static void wait_for(struct world *world, size_t done)
{
    int64_t start_us = clock_monotonic_us();

    while (world->done < done) {
        if (clock_monotonic_us() - start_us > PATIENCE_US)
            fail_msg("%zu of %zu jobs came back", world->done, done);
        event_base_loop(world->base, EVLOOP_ONCE);
    }
    assert_int_equal(world->done, done);
}

static void refused_connection_is_an_outage_at_once(void **state)
{
    struct world world;
    int64_t start_us;

    (void)state;
    setup(&world, 2, false);
    start_us = clock_monotonic_us();
    for (size_t i = 1; i <= 500; i++) {
        assert_true(submit(&world, 5000));
        wait_for(&world, i);
        assert_int_equal(world.last_class, SQL_OUTAGE);
        assert_int_equal(world.last_fault.class, SQL_OUTAGE);
        assert_true(world.last_fault.code != 0);
        assert_true(world.last_fault.text[0] != '\0');
    }
    assert_in_range(clock_monotonic_us() - start_us, 0, 2000000);
    teardown(&world);
    assert_int_equal(world.done, 500);
}

static void patience_is_kept_while_all_threads_wait(void **state)
{
    struct world world;
    int64_t start_us;

    (void)state;
    setup(&world, 1, true);
    start_us = clock_monotonic_us();
    for (int i = 0; i < 10; i++)
        assert_true(submit(&world, 200));
    wait_for(&world, 10);
    assert_int_equal(world.last_class, SQL_OUTAGE);
    assert_in_range(clock_monotonic_us() - start_us, 190000, 700000);
    teardown(&world);
}

static void waiting_jobs_are_limited(void **state)
{
    struct world world;

    (void)state;
    setup(&world, 2, true);
    for (int i = 0; i < WAITING_MAX; i++)
        assert_true(submit(&world, 60000));
    assert_false(submit(&world, 60000));
    wait_for(&world, WAITING_MAX);
    assert_int_equal(world.last_class, SQL_OUTAGE);
    assert_true(submit(&world, 60000));
    teardown(&world);
    assert_int_equal(world.done, WAITING_MAX + 1);
}

static void stop_hands_back_what_waits(void **state)
{
    struct world world;

    (void)state;
    setup(&world, 2, true);
    for (int i = 0; i < 100; i++)
        assert_true(submit(&world, 60000));
    sql_pool_stop(world.pool);
    assert_false(submit(&world, 60000));
    assert_int_equal(world.done, 0);
    teardown(&world);
    assert_int_equal(world.done, 100);
    assert_int_equal(world.last_class, SQL_OUTAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_connection_is_an_outage_at_once),
        cmocka_unit_test(patience_is_kept_while_all_threads_wait),
        cmocka_unit_test(waiting_jobs_are_limited),
        cmocka_unit_test(stop_hands_back_what_waits),
    };

    sql_library_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
