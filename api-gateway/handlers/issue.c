#include "api-gateway/handlers/issue.h"

#include <string.h>

#include "api-gateway/caller.h"
#include "api-gateway/handlers/issue_policy.h"
#include "api-gateway/handlers/issue_spooled.h"
#include "api-gateway/handlers/outcome_name.h"
#include "api-gateway/handlers/problems.h"
#include "api-gateway/trace.h"
#include "common/http/http_problem.h"
#include "common/base/cache_line.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"

/* As many as wait for Kafka at once in a sale; 1.2 MB. */
#define SPARE_ACCEPTS 4096

/* A request on its way: it waits for its coupon, then for a look at an earlier answer to its key
 * (only where it would be refused), then for Kafka. */
struct issue_accept {
    struct io_thread *thread;
    struct http_exchange *exchange; /* NULL: answered, or the client is gone */
    TAILQ_ENTRY(issue_accept) next; /* in thread->accepts while produced and not answered */
    int64_t began_us;               /* when the request was complete */
    int64_t deadline_us;
    struct issue_style style;
    bool keyed; /* the client gave an Idempotency-Key */
    bool tried; /* was handed to Kafka before, and not confirmed */
    bool produced;
    enum admission refusal; /* what to answer when no earlier answer is found */
    struct issue_request request;
    struct coupon_wait coupon;
    struct result_wait earlier;
};

static void end(struct issue_accept *accept)
{
    coupon_cache_leave(&accept->coupon);
    result_lookup_leave(&accept->earlier);
    spares_give(&accept->thread->spare_accepts, accept);
}

/* The client left. A record that is under way stays so: its report frees the rest. */
static void client_gone(void *cookie)
{
    struct issue_accept *accept = cookie;

    accept->exchange = NULL;
    if (accept->produced)
        TAILQ_REMOVE(&accept->thread->accepts, accept, next);
    else
        end(accept);
}

static void answer_accepted(struct issue_accept *accept, struct result_location location)
{
    issue_answer_accepted(accept->thread, accept->exchange, &accept->request, accept->style,
                          location);
}

/* Kafka did not confirm it. It may be in the log all the same: in the spool it keeps its id. */
static void not_confirmed(struct issue_accept *accept, const char *why)
{
    struct io_thread *thread = accept->thread;

    TAILQ_REMOVE(&thread->accepts, accept, next);
    if (thread->spool) {
        spool_failed(thread->spool, why);
        issue_spooled_add(thread, accept->exchange, &accept->request, accept->style, true);
    } else {
        issue_answer_unknown(thread, accept->exchange, &accept->request, accept->style);
    }
    accept->exchange = NULL;
}

void issue_start(struct io_thread *thread)
{
    TAILQ_INIT(&thread->accepts);
    thread->spare_accepts = (struct spares){
        .size = sizeof(struct issue_accept),
        .keep_max = SPARE_ACCEPTS,
    };
}

void issue_delivered_report(void *cookie, enum issue_delivery delivery,
                            struct result_location location)
{
    struct issue_accept *accept = cookie;
    struct io_thread *thread = accept->thread;

    gateway_metrics_delivered(thread->metrics, delivery,
                              issue_producer_report_us(thread->producer) - accept->began_us);
    if (accept->exchange && delivery == ISSUE_DELIVERED) {
        TAILQ_REMOVE(&thread->accepts, accept, next);
        gateway_metrics_accepted(thread->metrics, false);
        answer_accepted(accept, location);
    } else if (accept->exchange) {
        not_confirmed(accept, "a record was not delivered");
    }
    end(accept);
}

void issue_upcoming_report(void *cookie)
{
    const struct issue_accept *accept = cookie;

    cache_prefetch((const char *)accept + CACHE_LINE, accept + 1);
    if (accept->exchange)
        http_exchange_prefetch(accept->exchange);
}

void issue_tick(struct io_thread *thread, int64_t now_us)
{
    struct issue_accept *accept;

    while ((accept = TAILQ_FIRST(&thread->accepts)) && accept->deadline_us <= now_us)
        not_confirmed(accept, "a record was not confirmed in time");
}

void issue_kafka_away(struct io_thread *thread)
{
    if (!thread->spool)
        return;
    while (!TAILQ_EMPTY(&thread->accepts))
        not_confirmed(TAILQ_FIRST(&thread->accepts), "no broker can be reached");
}

/* With a spool, how long Kafka has, counted from the tick before: a request that came long ago and
 * had to wait for its coupon says nothing about Kafka. */
static int64_t kafka_deadline_us(const struct issue_accept *accept)
{
    const struct io_thread *thread = accept->thread;
    int64_t started_us = http_exchange_started_us(accept->exchange);

    if (!thread->spool)
        return started_us + thread->config->accept_timeout_ms * INT64_C(1000);
    if (started_us < thread->tick_us)
        started_us = thread->tick_us;
    return started_us + thread->config->spool_after_ms * INT64_C(1000);
}

static void not_taken(struct issue_accept *accept)
{
    struct io_thread *thread = accept->thread;

    accept->produced = false;
    if (thread->spool) {
        spool_failed(thread->spool, "a record was not taken");
        issue_spooled_add(thread, accept->exchange, &accept->request, accept->style, accept->tried);
    } else {
        problem_unavailable(accept->exchange,
                            "Too many requests wait for Kafka; this one was not taken in.");
    }
    end(accept);
}

static void produce(struct issue_accept *accept)
{
    struct io_thread *thread = accept->thread;

    if (accept->keyed)
        settle_table_forget(&thread->settled, accept->request.request_id,
                            strlen(accept->request.request_id));
    if (thread->spool && spool_writer_takes(thread->spool_writer)) {
        issue_spooled_add(thread, accept->exchange, &accept->request, accept->style, accept->tried);
        end(accept);
        return;
    }
    accept->produced = true;
    accept->began_us = http_exchange_started_us(accept->exchange);
    accept->deadline_us = kafka_deadline_us(accept);
    if (issue_producer_send(thread->producer, &accept->request,
                            topic_watch_partitions(thread->topic), accept))
        TAILQ_INSERT_TAIL(&thread->accepts, accept, next);
    else
        not_taken(accept);
}

static void refuse(struct io_thread *thread, struct http_exchange *exchange,
                   struct issue_style style, enum admission admission)
{
    const struct strbuf *body =
        style.outcome ? &thread->outcome_refusals[admission] : &thread->refusals[admission];

    gateway_metrics_refused(thread->metrics, admission);
    http_exchange_reply(exchange, 409, HTTP_PROBLEM_TYPE, NULL, body->data, body->len);
}

/* A retry with its key gets the answer that it missed, also when the coupon is gone meanwhile.
 * Where nobody could look, a refusal might hide a coupon that the client has. */
static void earlier_answered(struct result_wait *wait, enum result_answer answer, const char *json,
                             size_t len)
{
    struct issue_accept *accept = CONTAINER_OF(wait, struct issue_accept, earlier);

    (void)json;
    (void)len;
    if (answer == RESULT_FOUND)
        answer_accepted(accept, RESULT_LOCATION_NONE);
    else if (answer == RESULT_UNAVAILABLE)
        problem_unavailable(accept->exchange,
                            "It can't be read now whether this request was taken in before.");
    else
        refuse(accept->thread, accept->exchange, accept->style, accept->refusal);
    end(accept);
}

/* What is known of the coupon decides; request.accepted_at_ms is now. */
static void admit(struct issue_accept *accept, enum coupon_answer answer,
                  const struct coupon_view *view)
{
    struct io_thread *thread = accept->thread;
    enum admission admission = ADMISSION_ADMIT;

    if (answer == COUPON_ABSENT) {
        problem_unknown_coupon(accept->exchange);
        end(accept);
        return;
    }
    if (answer == COUPON_KNOWN)
        admission = admission_decide(view, accept->request.accepted_at_ms);
    if (admission == ADMISSION_ADMIT) {
        produce(accept);
        return;
    }
    if (!accept->keyed) {
        refuse(thread, accept->exchange, accept->style, admission);
        end(accept);
        return;
    }
    accept->refusal = admission;
    result_lookup_ask(thread->lookup, accept->request.request_id,
                      strlen(accept->request.request_id), &accept->earlier);
}

static void coupon_ready(struct coupon_wait *wait, enum coupon_answer answer,
                         const struct coupon_view *view)
{
    struct issue_accept *accept = CONTAINER_OF(wait, struct issue_accept, coupon);

    accept->request.accepted_at_ms = clock_wall_ms();
    admit(accept, answer, view);
}

static struct issue_accept *accept_new(struct io_thread *thread, struct http_exchange *exchange,
                                       const struct issue_wish *wish, struct issue_style style,
                                       int64_t wall_ms)
{
    struct issue_accept *accept = spares_take(&thread->spare_accepts);

    accept->thread = thread;
    accept->exchange = exchange;
    accept->style = style;
    accept->keyed = wish->key;
    accept->request.coupon_id = wish->coupon_id;
    accept->request.user_id = wish->user_id;
    if (wish->key)
        request_id_derive(thread->keys, wish->user_id, wish->coupon_id, wish->key, wish->key_len,
                          accept->request.request_id);
    else
        request_id_generate(&thread->generator, wall_ms, wish->user_id, accept->request.request_id);
    accept->request.accepted_at_ms = wall_ms;
    trace_read(http_exchange_request(exchange), accept->request.traceparent);
    accept->coupon.ready = coupon_ready;
    accept->earlier.answered = earlier_answered;
    http_exchange_on_gone(exchange, client_gone, accept);
    return accept;
}

void issue_wanted(struct http_exchange *exchange, const struct issue_wish *wish,
                  struct issue_style style)
{
    struct io_thread *thread = http_exchange_context(exchange);
    const struct coupon_view *view = NULL;
    enum admission admission = ADMISSION_ADMIT;
    int64_t wall_ms = clock_wall_ms();
    struct issue_accept *accept;
    enum coupon_answer answer = coupon_cache_find(thread->coupons, wish->coupon_id, &view, NULL);

    gateway_metrics_coupon(thread->metrics, answer);
    if (answer == COUPON_KNOWN)
        admission = admission_decide(view, wall_ms);
    if (admission != ADMISSION_ADMIT && !wish->key) {
        /* In a sale nearly all requests end here, so it has to be cheap. */
        refuse(thread, exchange, style, admission);
        return;
    }
    accept = accept_new(thread, exchange, wish, style, wall_ms);
    if (answer == COUPON_WAIT)
        answer = coupon_cache_find(thread->coupons, wish->coupon_id, &view, &accept->coupon);
    if (answer != COUPON_WAIT)
        admit(accept, answer, view);
}

static void handle(struct http_exchange *exchange, enum issue_path path)
{
    const struct issue_style style = {
        .publish = path == ISSUE_PATH_USER,
        .outcome = outcome_wanted(http_exchange_request(exchange)),
    };
    struct issue_wish wish;
    struct caller caller;
    char text[256];

    if (!caller_identify(exchange, &caller))
        return;
    switch (issue_body_read(http_exchange_request(exchange), path, caller.user_id, &wish, text,
                            sizeof text)) {
    case ISSUE_BODY_OK:
        break;
    case ISSUE_BODY_NOT_JSON:
        problem_invalid_json(exchange, text);
        return;
    case ISSUE_BODY_INVALID:
        problem_invalid_request(exchange, text);
        return;
    }
    if (!caller_act_for(&caller, exchange, wish.user_id))
        return;
    if (wish.coupon_id)
        issue_wanted(exchange, &wish, style);
    else
        issue_policy_wanted(exchange, &wish, style);
}

void issue_send(struct io_thread *thread, struct http_exchange *exchange,
                const struct issue_request *request, struct issue_style style, bool tried)
{
    struct issue_accept *accept = spares_take(&thread->spare_accepts);

    accept->thread = thread;
    accept->exchange = exchange;
    accept->style = style;
    accept->tried = tried;
    accept->request = *request;
    http_exchange_on_gone(exchange, client_gone, accept);
    produce(accept);
}

void issue_handle_coupon(struct http_exchange *exchange)
{
    handle(exchange, ISSUE_PATH_COUPON);
}

void issue_handle_publish(struct http_exchange *exchange)
{
    handle(exchange, ISSUE_PATH_USER);
}

void issue_handle_policy(struct http_exchange *exchange)
{
    handle(exchange, ISSUE_PATH_POLICY);
}

void issue_handle_policy_in_body(struct http_exchange *exchange)
{
    handle(exchange, ISSUE_PATH_NONE);
}
