/* The loop of a member with a database that is slow to answer its questions between the batches:
 * fetching is paused and goes on in step with what the loop takes for so, whatever the answers are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "issue-worker/consume_loop_parts.h"
#include "tests/support/mock_cluster.h"

#define DECIDED 5 /* what the loop takes for decided */
#define FENCE 0   /* what the database says, an older copy */
#define GOOD "{\"requestId\":\"REQ-1\",\"couponId\":1,\"userId\":16}"

/* The loop's thread alone, until it is joined. */
static struct issue_transaction_hook hook;
static rd_kafka_t *writer;
static bool progress_told;
static int slow_fences;
static int slow_counts;

struct issue_transaction *__real_issue_transaction_new(const struct sql_options *options,
                                                       const char *topic, bool events,
                                                       struct dead_letter *dead_letter,
                                                       const struct batch_body *body,
                                                       const struct issue_transaction_hook *given);
struct issue_transaction *__wrap_issue_transaction_new(const struct sql_options *options,
                                                       const char *topic, bool events,
                                                       struct dead_letter *dead_letter,
                                                       const struct batch_body *body,
                                                       const struct issue_transaction_hook *given);
struct issue_transaction *__wrap_issue_transaction_new(const struct sql_options *options,
                                                       const char *topic, bool events,
                                                       struct dead_letter *dead_letter,
                                                       const struct batch_body *body,
                                                       const struct issue_transaction_hook *given)
{
    hook = *given;
    return __real_issue_transaction_new(options, topic, events, dead_letter, body, given);
}

/* So late that a record comes, fills the batch, and fetching is paused. */
static void answer_late(struct consume_loop *loop)
{
    rd_kafka_producev(writer, RD_KAFKA_V_TOPIC("requests"), RD_KAFKA_V_PARTITION(0),
                      RD_KAFKA_V_VALUE((void *)(uintptr_t)GOOD, strlen(GOOD)), RD_KAFKA_V_END);
    rd_kafka_flush(writer, 10000);
    while (!loop->held)
        hook.waiting(hook.cookie);
}

bool __wrap_issue_transaction_fences(struct issue_transaction *transaction,
                                     const int32_t *partitions, size_t count, int64_t *next_offsets,
                                     struct sql_fault *fault);
bool __wrap_issue_transaction_fences(struct issue_transaction *transaction,
                                     const int32_t *partitions, size_t count, int64_t *next_offsets,
                                     struct sql_fault *fault)
{
    struct consume_loop *loop = hook.cookie;

    (void)transaction;
    (void)partitions;
    (void)fault;
    for (size_t i = 0; i < count; i++)
        next_offsets[i] = FENCE;
    if (loop->assigning)
        return true;
    answer_late(loop);
    slow_fences++;
    return true;
}

bool __wrap_issue_transaction_count(struct issue_transaction *transaction,
                                    const struct strbuf *query, int64_t *count,
                                    struct sql_fault *fault);
bool __wrap_issue_transaction_count(struct issue_transaction *transaction,
                                    const struct strbuf *query, int64_t *count,
                                    struct sql_fault *fault)
{
    (void)transaction;
    (void)query;
    (void)fault;
    answer_late(hook.cookie);
    hook.waiting(hook.cookie);
    slow_counts++;
    consume_loop_stop(hook.cookie);
    *count = 1;
    return true;
}

/* Once a member, partition 0 is decided up to DECIDED and has a result to be reconciled. */
size_t __wrap_issue_consumer_progress(struct issue_consumer *consumer,
                                      struct issue_progress *progress, size_t capacity);
size_t __wrap_issue_consumer_progress(struct issue_consumer *consumer,
                                      struct issue_progress *progress, size_t capacity)
{
    struct consume_loop *loop = hook.cookie;

    (void)capacity;
    if (progress_told || !issue_consumer_joined(consumer))
        return 0;
    progress_told = true;
    loop->windows[0] =
        (struct reconciliation_window){.to_offset = DECIDED, .records = DECIDED, .rows = 1};
    strbuf_add_text(&loop->windows[0].ids, "'REQ-0'");
    loop->reconcile_us = 0;
    progress[0] = (struct issue_progress){
        .next_offset = DECIDED, .end_offset = DECIDED, .caught_up = true, .decided = true};
    return 1;
}

static rd_kafka_t *new_writer(const struct mock_cluster *mock)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char error[256];

    rd_kafka_conf_set(conf, "bootstrap.servers", mock->options.brokers, error, sizeof error);
    return rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
}

/* The restored database says so late, and is late again in the same turn. */
static void a_fence_moved_back_by_a_slow_database(void **state)
{
    struct worker_config config = {.group = "group",
                                   .batch_max = 1,
                                   .batch_age_ms = 5,
                                   .events = "off",
                                   .reconcile_interval_s = 3600};
    struct consume_loop *loop;
    struct mock_cluster mock;
    char error[256];

    (void)state;
    mock_cluster_open(&mock);
    config.kafka = mock.options;
    writer = new_writer(&mock);
    assert_non_null(writer);
    loop = consume_loop_start(&config, NULL, NULL, ISSUE_CONSUMER_ALONE, error, sizeof error);
    if (!loop)
        fail_msg("no loop: %s", error);
    assert_int_equal(consume_loop_join(loop), 0);
    assert_int_equal(slow_fences, 1);
    assert_int_equal(slow_counts, 1);
    rd_kafka_destroy(writer);
    mock_cluster_close(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fence_moved_back_by_a_slow_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
