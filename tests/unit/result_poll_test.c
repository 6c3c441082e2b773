/* What a poll is told while there is no result: PENDING as long as its record may still come, 404
 * only after a look that found nothing when it could come no more, and 503 where nobody could look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/caller.h"
#include "api-gateway/handlers/result.h"
#include "api-gateway/io_thread.h"
#include "tests/unit/loop.h"

#define KEY "000102030405060708090a0b0c0d0e0f"
#define SETTLE_US 1000

/* The one exchange there is, and the one question that is under way. */
static struct io_thread *thread;
static struct http_request request;
static char query[64], id[REQUEST_ID_UUID_SIZE];
static int status;
static char code[64];
static struct result_wait *asking;
static uint64_t user; /* who asks; 0: --auth=off */

bool __wrap_caller_identify(struct http_exchange *exchange, struct caller *caller);
bool __wrap_caller_identify(struct http_exchange *exchange, struct caller *caller)
{
    (void)exchange;
    caller->user_id = user;
    return true;
}

const struct http_request *__wrap_http_exchange_request(const struct http_exchange *exchange);
const struct http_request *__wrap_http_exchange_request(const struct http_exchange *exchange)
{
    (void)exchange;
    return &request;
}

void *__wrap_http_exchange_context(const struct http_exchange *exchange);
void *__wrap_http_exchange_context(const struct http_exchange *exchange)
{
    (void)exchange;
    return thread;
}

void __wrap_http_exchange_on_gone(struct http_exchange *exchange, void (*gone)(void *cookie),
                                  void *cookie);
void __wrap_http_exchange_on_gone(struct http_exchange *exchange, void (*gone)(void *cookie),
                                  void *cookie)
{
    (void)exchange;
    (void)gone;
    (void)cookie;
}

void __wrap_http_exchange_json(struct http_exchange *exchange, int seen, const char *fields,
                               const char *body, size_t len);
void __wrap_http_exchange_json(struct http_exchange *exchange, int seen, const char *fields,
                               const char *body, size_t len)
{
    (void)exchange;
    (void)fields;
    assert_int_equal(status, 0); /* one answer */
    status = seen;
    snprintf(code, sizeof code, "%s",
             memmem(body, len, "\"PENDING\"", strlen("\"PENDING\"")) ? "PENDING" : "final");
}

void __wrap_http_exchange_problem(struct http_exchange *exchange, int seen, const char *seen_code,
                                  const char *detail, const char *fields, const char *members);
void __wrap_http_exchange_problem(struct http_exchange *exchange, int seen, const char *seen_code,
                                  const char *detail, const char *fields, const char *members)
{
    (void)exchange;
    (void)detail;
    (void)fields;
    (void)members;
    assert_int_equal(status, 0);
    status = seen;
    snprintf(code, sizeof code, "%s", seen_code);
}

void __wrap_result_lookup_ask(struct result_lookup *lookup, const char *request_id, size_t len,
                              struct result_wait *wait);
void __wrap_result_lookup_ask(struct result_lookup *lookup, const char *request_id, size_t len,
                              struct result_wait *wait)
{
    (void)lookup;
    assert_memory_equal(request_id, request.params[0].data, len);
    assert_null(asking);
    asking = wait;
}

void __wrap_result_lookup_leave(struct result_wait *wait);
void __wrap_result_lookup_leave(struct result_wait *wait)
{
    if (asking == wait)
        asking = NULL;
}

static int new_world(void **state)
{
    char error[80];
    struct request_id_keys *keys = request_id_keys_parse(KEY, error, sizeof error);

    (void)state;
    thread = calloc(1, sizeof *thread);
    thread->keys = keys;
    thread->base = event_base_new();
    thread->results = result_cache_new(10);
    thread->waiters = result_waiters_new(thread->base, &thread->progress);
    thread->metrics = gateway_metrics_new(NULL, 0, 0);
    progress_init(&thread->progress, SETTLE_US, 0);
    progress_set_partitions(&thread->progress, 1, 0);
    request_id_derive(keys, 16, 1, "key", 3, id);
    asking = NULL;
    user = 0;
    return 0;
}

static int free_world(void **state)
{
    (void)state;
    gateway_metrics_free(thread->metrics);
    result_waiters_free(thread->waiters);
    result_cache_free(thread->results);
    event_base_free(thread->base);
    strbuf_free(&thread->scratch);
    strbuf_free(&thread->fields);
    request_id_keys_free((struct request_id_keys *)thread->keys);
    free(thread);
    return 0;
}

static void poll_for(const char *request_id, const char *text)
{
    snprintf(query, sizeof query, "%s", text);
    request = (struct http_request){.params = {{request_id, strlen(request_id)}},
                                    .param_count = 1,
                                    .query = {query, strlen(query)}};
    status = 0;
    result_handle(NULL);
}

static void answer(enum result_answer answer)
{
    struct result_wait *wait = asking;

    assert_non_null(wait);
    asking = NULL;
    wait->answered(wait, answer, "{}", 2);
}

static void expect_answer(int expected, const char *expected_code)
{
    if (status != expected || strcmp(code, expected_code) != 0)
        fail_msg("expected %d %s, saw %d %s", expected, expected_code, status, code);
}

/* The workers are past all that could have been written before. */
static void rounds(uint32_t count)
{
    static int64_t now_us = 0;
    uint32_t goal = progress_round(&thread->progress) + count;

    while (progress_round(&thread->progress) < goal) {
        now_us += SETTLE_US;
        progress_hear(&thread->progress, 0, 5, true, now_us);
    }
}

static void ours_is_pending_until_it_is_settled(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        poll_for(id, "");
        answer(RESULT_ABSENT);
        expect_answer(200, "PENDING");
        rounds(1);
    }
    poll_for(id, "");
    answer(RESULT_ABSENT);
    expect_answer(404, "UNKNOWN_REQUEST");
    poll_for(id, "");
    answer(RESULT_FOUND);
    expect_answer(200, "final");
}

static void ours_is_never_unknown_without_a_look(void **state)
{
    (void)state;
    poll_for(id, "");
    answer(RESULT_ABSENT);
    rounds(5);
    poll_for(id, "");
    answer(RESULT_UNAVAILABLE); /* it may well be decided */
    expect_answer(200, "PENDING");
    poll_for(id, "wait=1");
    answer(RESULT_UNAVAILABLE);
    expect_answer(0, code);
    result_waiters_expire_all(thread->waiters);
    expect_answer(200, "PENDING");
    poll_for(id, "at=0.9&wait=1"); /* known to lie ahead: waits without a look */
    assert_null(asking);
    result_waiters_expire_all(thread->waiters);
    expect_answer(200, "PENDING");
}

/* Nor does waiting without a look count as a question. */
static void a_wait_without_a_look_settles_nothing(void **state)
{
    (void)state;
    rounds(3);
    poll_for(id, "at=0.9&wait=1");
    result_waiters_expire_all(thread->waiters);
    expect_answer(200, "PENDING");
    poll_for(id, "");
    answer(RESULT_ABSENT);
    expect_answer(200, "PENDING");
}

/* Decided between a look and the end of the round: the look is too old to say that it is not there.
 */
static void a_look_counts_for_the_round_in_which_it_began(void **state)
{
    (void)state;
    poll_for(id, "");
    answer(RESULT_ABSENT);
    rounds(1);
    poll_for(id, "");
    rounds(1);
    answer(RESULT_ABSENT);
    expect_answer(200, "PENDING");
}

/* A look from an early round, and the table says that the first question came in a later one. */
static void an_old_look_does_not_settle_a_newer_question(void **state)
{
    (void)state;
    rounds(2);
    poll_for(id, "");
    rounds(1);
    settle_table_first_round(&thread->settled, id, strlen(id), progress_round(&thread->progress),
                             false);
    answer(RESULT_ABSENT);
    expect_answer(200, "PENDING");
}

/* The client asks, gives up, and much later sends it again with its key, to another loop: it was
 * accepted a moment ago, and what this loop was asked long before says nothing about that. */
static void what_was_tried_again_is_not_judged_by_old_questions(void **state)
{
    (void)state;
    poll_for(id, "");
    answer(RESULT_ABSENT);
    expect_answer(200, "PENDING");
    rounds(5);
    for (int i = 0; i < 2; i++) {
        poll_for(id, "");
        answer(RESULT_ABSENT);
        expect_answer(200, "PENDING");
        rounds(1);
    }
    poll_for(id, "");
    answer(RESULT_ABSENT);
    expect_answer(404, "UNKNOWN_REQUEST");
    poll_for(id, ""); /* upon which it was tried again */
    answer(RESULT_ABSENT);
    expect_answer(200, "PENDING");
}

static void what_can_be_tried_once_alone_stays_unknown(void **state)
{
    struct request_id_generator generator = {.keys = thread->keys};
    char once[REQUEST_ID_UUID_SIZE];

    (void)state;
    request_id_generate(&generator, 1, 16, once);
    poll_for(once, "");
    answer(RESULT_ABSENT);
    expect_answer(200, "PENDING");
    rounds(5);
    for (int i = 0; i < 2; i++) {
        poll_for(once, "");
        answer(RESULT_ABSENT);
        expect_answer(404, "UNKNOWN_REQUEST");
    }
}

static void foreign_ids_are_unknown_or_unavailable(void **state)
{
    (void)state;
    poll_for("REQ-1", "");
    answer(RESULT_ABSENT);
    expect_answer(404, "UNKNOWN_REQUEST");
    poll_for("REQ-1", "");
    answer(RESULT_UNAVAILABLE);
    expect_answer(503, "UNAVAILABLE");
    poll_for("REQ-1", "wait=1");
    answer(RESULT_UNAVAILABLE);
    result_waiters_expire_all(thread->waiters);
    expect_answer(503, "UNAVAILABLE");
    poll_for("REQ-1", "wait=1");
    answer(RESULT_ABSENT);
    result_waiters_expire_all(thread->waiters);
    expect_answer(404, "UNKNOWN_REQUEST");
}

static void answer_with(const char *json)
{
    struct result_wait *wait = asking;

    assert_non_null(wait);
    asking = NULL;
    wait->answered(wait, RESULT_FOUND, json, strlen(json));
}

/* The id was made for user 16. */
static void another_users_pending_request_is_forbidden_without_a_look(void **state)
{
    static const char *const queries[] = {"", "wait=5", "at=0.9&wait=5"};

    (void)state;
    user = 17;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        poll_for(id, queries[i]);
        expect_answer(403, "FORBIDDEN");
        assert_null(asking);
    }
    poll_for("018bcfe5-6800-7000-8000-000000000000", "");
    expect_answer(404, "UNKNOWN_REQUEST");
    user = 16;
    poll_for(id, "");
    answer(RESULT_ABSENT);
    expect_answer(200, "PENDING");
}

static void a_result_is_shown_to_its_user(void **state)
{
    static const struct {
        const char *id, *json;
        int status; /* for user 16 */
    } rows[] = {
        {NULL, "{\"requestId\":\"x\",\"couponId\":1,\"userId\":16,\"status\":\"ISSUED\"}", 200},
        {NULL, "{\"requestId\":\"x\",\"couponId\":1,\"userId\":17,\"status\":\"ISSUED\"}", 403},
        {NULL, "{\"requestId\":\"x\",\"couponId\":1,\"userId\":161,\"status\":\"ISSUED\"}", 403},
        {"REQ-1", "{\"requestId\":\"x\",\"couponId\":16,\"userId\":16,\"status\":\"ISSUED\"}", 200},
        {"REQ-2", "{\"requestId\":\"x\",\"couponId\":16,\"userId\":1,\"status\":\"ISSUED\"}", 403},
        /* nobody could read whose it was: ours tells by its id */
        {NULL, "{\"requestId\":\"x\",\"couponId\":1,\"userId\":null,\"status\":\"FAILED\"}", 200},
        {"REQ-3", "{\"requestId\":\"x\",\"couponId\":1,\"userId\":null,\"status\":\"FAILED\"}",
         403},
        {"REQ-4", "{}", 403},
    };

    (void)state;
    user = 16;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        poll_for(rows[i].id ? rows[i].id : id, "");
        answer_with(rows[i].json);
        expect_answer(rows[i].status, rows[i].status == 200 ? "final" : "FORBIDDEN");
    }
}

static void a_remembered_result_is_shown_to_its_user(void **state)
{
    static const char json[] =
        "{\"requestId\":\"x\",\"couponId\":1,\"userId\":16,\"status\":\"ISSUED\"}";

    (void)state;
    result_cache_put(thread->results, id, strlen(id), json, strlen(json));
    result_cache_put(thread->results, "REQ-1", 5, json, strlen(json));
    for (user = 15; user <= 17; user++) {
        poll_for(id, "");
        expect_answer(user == 16 ? 200 : 403, user == 16 ? "final" : "FORBIDDEN");
        poll_for("REQ-1", "");
        expect_answer(user == 16 ? 200 : 403, user == 16 ? "final" : "FORBIDDEN");
    }
    user = 0;
    poll_for(id, "");
    expect_answer(200, "final");
}

static void forged_and_impossible_ids_are_unknown_at_once(void **state)
{
    (void)state;
    poll_for("018bcfe5-6800-7000-8000-000000000000", "wait=5");
    expect_answer(404, "UNKNOWN_REQUEST");
    poll_for("a b", "");
    expect_answer(404, "UNKNOWN_REQUEST");
    poll_for("REQ-1", "wait=x");
    expect_answer(400, "INVALID_REQUEST");
    assert_null(asking);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ours_is_pending_until_it_is_settled),
        TEST(ours_is_never_unknown_without_a_look),
        TEST(a_wait_without_a_look_settles_nothing),
        TEST(a_look_counts_for_the_round_in_which_it_began),
        TEST(an_old_look_does_not_settle_a_newer_question),
        TEST(what_was_tried_again_is_not_judged_by_old_questions),
        TEST(what_can_be_tried_once_alone_stays_unknown),
        TEST(foreign_ids_are_unknown_or_unavailable),
        TEST(forged_and_impossible_ids_are_unknown_at_once),
        TEST(another_users_pending_request_is_forbidden_without_a_look),
        TEST(a_result_is_shown_to_its_user),
        TEST(a_remembered_result_is_shown_to_its_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
