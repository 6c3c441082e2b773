/* A retry with its key where the coupon can't be had any more: it gets the earlier answer, a
 * refusal only where there surely is none, and 503 where nobody could look. And it is tried anew
 * where the coupon can be had, whatever polls were told before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/handlers/issue.h"
#include "api-gateway/io_thread.h"
#include "common/http/http_exchange.h"

#define KEY "000102030405060708090a0b0c0d0e0f"

static struct io_thread *thread;
static struct gateway_config config;
static struct http_request request;
static char exchange_place; /* nobody looks into the exchange */
static struct coupon_view view;
static struct result_wait *asking;
static void *produced; /* the cookie of the record under way */
static int status;
static char id[REQUEST_ID_UUID_SIZE];

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

int64_t __wrap_http_exchange_started_us(const struct http_exchange *exchange);
int64_t __wrap_http_exchange_started_us(const struct http_exchange *exchange)
{
    (void)exchange;
    return 0;
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

static void answered(int seen)
{
    assert_int_equal(status, 0); /* one answer */
    status = seen;
}

void __wrap_http_exchange_json(struct http_exchange *exchange, int seen, const char *fields,
                               const char *body, size_t len);
void __wrap_http_exchange_json(struct http_exchange *exchange, int seen, const char *fields,
                               const char *body, size_t len)
{
    (void)exchange;
    (void)fields;
    assert_non_null(memmem(body, len, id, strlen(id)));
    answered(seen);
}

void __wrap_http_exchange_reply(struct http_exchange *exchange, int seen, const char *type,
                                const char *fields, const char *body, size_t len);
void __wrap_http_exchange_reply(struct http_exchange *exchange, int seen, const char *type,
                                const char *fields, const char *body, size_t len)
{
    (void)exchange;
    (void)type;
    (void)fields;
    (void)body;
    (void)len;
    answered(seen);
}

void __wrap_http_exchange_problem(struct http_exchange *exchange, int seen, const char *code,
                                  const char *detail, const char *fields, const char *members);
void __wrap_http_exchange_problem(struct http_exchange *exchange, int seen, const char *code,
                                  const char *detail, const char *fields, const char *members)
{
    (void)exchange;
    (void)code;
    (void)detail;
    (void)fields;
    (void)members;
    answered(seen);
}

enum coupon_answer __wrap_coupon_cache_find(struct coupon_cache *cache, uint64_t coupon_id,
                                            const struct coupon_view **found,
                                            struct coupon_wait *wait);
enum coupon_answer __wrap_coupon_cache_find(struct coupon_cache *cache, uint64_t coupon_id,
                                            const struct coupon_view **found,
                                            struct coupon_wait *wait)
{
    (void)cache;
    (void)coupon_id;
    (void)wait;
    *found = &view;
    return COUPON_KNOWN;
}

void __wrap_result_lookup_ask(struct result_lookup *lookup, const char *request_id, size_t len,
                              struct result_wait *wait);
void __wrap_result_lookup_ask(struct result_lookup *lookup, const char *request_id, size_t len,
                              struct result_wait *wait)
{
    (void)lookup;
    assert_memory_equal(request_id, id, len);
    asking = wait;
}

int32_t __wrap_topic_watch_partitions(const struct topic_watch *watch);
int32_t __wrap_topic_watch_partitions(const struct topic_watch *watch)
{
    (void)watch;
    return 1;
}

bool __wrap_issue_producer_send(struct issue_producer *producer, const struct issue_request *sent,
                                int32_t partitions, void *cookie);
bool __wrap_issue_producer_send(struct issue_producer *producer, const struct issue_request *sent,
                                int32_t partitions, void *cookie)
{
    (void)producer;
    (void)partitions;
    assert_string_equal(sent->request_id, id);
    produced = cookie;
    return true;
}

int64_t __wrap_issue_producer_report_us(const struct issue_producer *producer);
int64_t __wrap_issue_producer_report_us(const struct issue_producer *producer)
{
    (void)producer;
    return 0;
}

static int new_world(void **state)
{
    char error[80];

    (void)state;
    thread = calloc(1, sizeof *thread);
    thread->config = &config;
    thread->keys = request_id_keys_parse(KEY, error, sizeof error);
    thread->metrics = gateway_metrics_new(NULL, 0, 0);
    issue_start(thread);
    request_id_derive(thread->keys, 16, 1, "key", 3, id);
    view = (struct coupon_view){.coupon = {.coupon_id = 1,
                                           .status = COUPON_OPEN,
                                           .total_stock = 10,
                                           .issue_ends_at_ms = COUPON_NEVER_MS}};
    asking = NULL;
    produced = NULL;
    return 0;
}

static int free_world(void **state)
{
    (void)state;
    spares_free(&thread->spare_accepts);
    gateway_metrics_free(thread->metrics);
    strbuf_free(&thread->scratch);
    strbuf_free(&thread->fields);
    request_id_keys_free((struct request_id_keys *)thread->keys);
    free(thread);
    return 0;
}

static void retry(void)
{
    const struct issue_wish wish = {.coupon_id = 1, .user_id = 16, .key = "key", .key_len = 3};

    status = 0;
    issue_wanted((struct http_exchange *)&exchange_place, &wish, (struct issue_style){0});
}

static void it_is_refused_only_where_there_surely_was_none(void **state)
{
    static const struct {
        enum result_answer answer;
        int status;
    } rows[] = {{RESULT_FOUND, 202}, {RESULT_ABSENT, 409}, {RESULT_UNAVAILABLE, 503}};

    (void)state;
    view.sold_out_stock = view.coupon.total_stock;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        retry();
        assert_null(produced);
        asking->answered(asking, rows[i].answer, "{}", 2);
        if (status != rows[i].status)
            fail_msg("row %zu: expected %d, saw %d", i, rows[i].status, status);
    }
}

static void trying_it_makes_questions_begin_anew(void **state)
{
    (void)state;
    settle_table_first_round(&thread->settled, id, strlen(id), 1, false);
    retry();
    assert_non_null(produced);
    issue_delivered_report(produced, ISSUE_DELIVERED, (struct result_location){0, 7});
    assert_int_equal(status, 202);
    assert_int_equal(settle_table_first_round(&thread->settled, id, strlen(id), 2, false), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_refused_only_where_there_surely_was_none),
        TEST(trying_it_makes_questions_begin_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
