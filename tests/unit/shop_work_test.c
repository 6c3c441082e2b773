/* A worker of the shop's events does what a batch says from the fence on, once: what is below it
 * was done before, and may have been undone since. Uses are counted by a fake in their place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/mysql/user_coupon_change.h"
#include "issue-worker/shop/shop_work.h"

static int uses;
static char last_order[ORDER_ID_MAX + 1];
static enum user_coupon_step answer;
static enum sql_class answer_class;

enum sql_class __wrap_user_coupon_change_use(struct sql_session *session,
                                             const struct user_coupon_wish *wish,
                                             struct user_coupon_outcome *outcome,
                                             struct sql_fault *fault);

enum sql_class __wrap_user_coupon_change_use(struct sql_session *session,
                                             const struct user_coupon_wish *wish,
                                             struct user_coupon_outcome *outcome,
                                             struct sql_fault *fault)
{
    (void)session;
    (void)fault;
    uses++;
    memcpy(last_order, wish->order_id, sizeof last_order);
    outcome->step = answer;
    return answer_class;
}

static void release(void *message)
{
    (void)message;
}

#define PAYMENT(order)                                                                             \
    "{\"version\":1,\"orderId\":\"" order "\",\"userId\":7,\"totalAmount\":50000,"                 \
    "\"discountAmount\":5000,\"finalAmount\":45000,\"couponId\":1,\"issueNo\":3}"

struct world {
    struct shop_work *work;
    struct issue_batch *batch;
    int64_t offset;
};

static int set_up(void **state)
{
    static struct world world;

    uses = 0;
    answer = USER_COUPON_STEP_CHANGE;
    answer_class = SQL_OK;
    world.work = shop_work_new(SHOP_EVENT_PAYMENT_COMPLETED);
    world.batch = issue_batch_new(10, release);
    world.batch->body = shop_work_body(world.work);
    world.offset = 100;
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    issue_batch_free(world->batch);
    shop_work_free(world->work);
    return 0;
}

static struct issue_item *add(struct world *world, const char *value)
{
    static int message;
    const struct issue_record record = {
        .topic = "payment-completed",
        .partition = 0,
        .offset = world->offset++,
        .timestamp_ms = 1000,
        .key = "7",
        .key_len = 1,
        .value = value,
        .value_len = strlen(value),
    };

    issue_batch_add(world->batch, &record, &message, record.offset);
    return &world->batch->items[world->batch->count - 1];
}

static enum sql_class write_batch(struct world *world)
{
    const struct batch_body *body = world->batch->body;
    struct sql_fault fault = {.class = SQL_OK};

    return body->write(body->cookie, NULL, world->batch, &fault);
}

static void what_is_below_the_fence_is_left_alone(void **state)
{
    struct world *world = *state;
    struct issue_item *before, *garbage;

    before = add(world, PAYMENT("A-1"));
    garbage = add(world, "{");
    add(world, PAYMENT("A-2"));
    before->skipped = garbage->skipped = true;
    assert_int_equal(write_batch(world), SQL_OK);
    assert_int_equal(uses, 1);
    assert_string_equal(last_order, "A-2");
    assert_int_equal(garbage->verdict.kind, ISSUE_VERDICT_DECIDED);
}

static void what_is_refused_is_a_dead_letter_with_its_cause(void **state)
{
    struct world *world = *state;
    struct issue_item *refused = add(world, PAYMENT("A-1"));
    struct issue_item *garbage = add(world, "{");

    answer = USER_COUPON_STEP_EXPIRED;
    assert_int_equal(write_batch(world), SQL_OK);
    assert_int_equal(uses, 1);
    assert_int_equal(refused->verdict.kind, ISSUE_VERDICT_FAULTY);
    assert_string_equal(refused->cause, user_coupon_step_name(USER_COUPON_STEP_EXPIRED));
    assert_int_equal(garbage->verdict.kind, ISSUE_VERDICT_FAULTY);
    assert_null(garbage->cause);
}

/* The clock went on between two attempts, or somebody else was faster. */
static void an_attempt_leaves_nothing_behind(void **state)
{
    struct world *world = *state;
    struct issue_item *item = add(world, PAYMENT("A-1"));

    answer = USER_COUPON_STEP_EXPIRED;
    assert_int_equal(write_batch(world), SQL_OK);
    answer = USER_COUPON_STEP_CHANGE;
    assert_int_equal(write_batch(world), SQL_OK);
    assert_int_equal(uses, 2);
    assert_int_equal(item->verdict.kind, ISSUE_VERDICT_DECIDED);
    assert_null(item->cause);
    assert_null(item->detail);
}

static void what_the_database_says_ends_the_attempt(void **state)
{
    struct world *world = *state;

    add(world, PAYMENT("A-1"));
    add(world, PAYMENT("A-2"));
    answer_class = SQL_TRANSIENT;
    assert_int_equal(write_batch(world), SQL_TRANSIENT);
    assert_int_equal(uses, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_below_the_fence_is_left_alone),
        TEST(what_is_refused_is_a_dead_letter_with_its_cause),
        TEST(an_attempt_leaves_nothing_behind),
        TEST(what_the_database_says_ends_the_attempt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
