/* An event consumer whose sink is away when another member takes its place in the group for good:
 * it ends, since its client does nothing any more and would not say so twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sysexits.h>
#include <time.h>
#include <cmocka.h>

#include "issue-worker/events/event_consumer.h"
#include "tests/support/mock_cluster.h"

#define HEARTBEAT_REQUEST 12 /* Kafka's ApiKey */
#define RESTS_MAX 2000       /* of 10 ms */

static struct mock_cluster mock;
static int rests;
static bool fenced;

bool __wrap_service_stopping(const struct service *service);
bool __wrap_service_stopping(const struct service *service)
{
    (void)service;
    return rests > RESTS_MAX;
}

void __wrap_service_set_ready(struct service *service, bool ready);
void __wrap_service_set_ready(struct service *service, bool ready)
{
    (void)service;
    (void)ready;
}

void __wrap_service_rest(struct service *service, int64_t duration_us);
void __wrap_service_rest(struct service *service, int64_t duration_us)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    (void)service;
    (void)duration_us;
    nanosleep(&pause, NULL);
    rests++;
}

static bool position(void *cookie, int32_t partition, int64_t *next_offset)
{
    (void)cookie;
    (void)partition;
    (void)next_offset;
    if (!fenced)
        rd_kafka_mock_push_request_errors(mock.cluster, HEARTBEAT_REQUEST, 1,
                                          RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    fenced = true;
    return false;
}

static enum event_taken take(void *cookie, const struct event_batch *batch)
{
    (void)cookie;
    (void)batch;
    return EVENT_AGAIN;
}

static void one_that_is_shut_out_while_its_sink_is_away_ends(void **state)
{
    const struct event_sink sink = {.position = position, .take = take};
    struct event_consumer_config config = {
        .topic = "requests", .group = "group", .client_id = "test", .batch_max = 10};

    (void)state;
    mock_cluster_open(&mock);
    mock_cluster_property(&mock, "group.instance.id=one");
    mock_cluster_property(&mock, "heartbeat.interval.ms=100");
    config.kafka = &mock.options;
    assert_int_equal(event_consumer_run(&config, &sink, NULL), EX_SOFTWARE);
    assert_true(fenced);
    mock_cluster_close(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_shut_out_while_its_sink_is_away_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
