#include "api-gateway/handlers/admin.h"

#include <stdlib.h>
#include <string.h>

#include "api-gateway/coupon_stats.h"
#include "api-gateway/handlers/admin_answer.h"
#include "api-gateway/handlers/problems.h"
#include "api-gateway/handlers/stats_minutes.h"
#include "api-gateway/redis_link.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"

#define HOURS 2 /* this one and the one before hold the last hour */

/* A call whose counts are there, and which waits for the minutes. */
struct stats_question {
    struct http_exchange *exchange; /* NULL: the client left */
    struct strbuf json;
    struct stats_minutes minutes;
    int waiting; /* for replies */
};

static enum sql_class run_stats(struct sql_job *job, struct sql_session *session,
                                struct sql_fault *fault)
{
    struct admin_call *call = CONTAINER_OF(job, struct admin_call, job);
    struct coupon_stats stats;
    enum sql_class class = coupon_stats_read(session, call->change.coupon_id, &stats, fault);

    if (class == SQL_OK && stats.coupon.coupon_id != 0)
        coupon_stats_encode(&stats, &call->json);
    return class;
}

static void finish(struct stats_question *question)
{
    if (--question->waiting > 0)
        return;
    if (question->exchange) {
        question->json.len--; /* its closing brace */
        strbuf_add_text(&question->json, ",\"minutes\":");
        stats_minutes_encode(&question->minutes, &question->json);
        strbuf_add_text(&question->json, "}");
        http_exchange_json(question->exchange, 200, NULL, question->json.data, question->json.len);
    }
    strbuf_free(&question->json);
    free(question);
}

static void client_gone(void *cookie)
{
    ((struct stats_question *)cookie)->exchange = NULL;
}

static void hour_read(void *cookie, const redisReply *reply)
{
    struct stats_question *question = cookie;

    if (!reply || reply->type != REDIS_REPLY_ARRAY)
        question->minutes.unknown = true;
    for (size_t i = 0; reply && i + 1 < reply->elements; i += 2)
        stats_minutes_add(&question->minutes, reply->element[i]->str, reply->element[i]->len,
                          reply->element[i + 1]->str, reply->element[i + 1]->len);
    finish(question);
}

static void ask_minutes(struct admin_call *call, struct stats_question *question)
{
    question->waiting = HOURS + 1;
    for (int hour = 0; hour < HOURS; hour++) {
        struct strbuf key = STRBUF_INIT;

        coupon_statistics_hour_key(call->change.coupon_id,
                                   question->minutes.now_ms - hour * COUPON_STATISTICS_HOUR_MS,
                                   &key);
        redis_link_command(call->admin->parts.redis, hour_read, question, 2,
                           (const char *const[]){"HGETALL", key.data},
                           (const size_t[]){7, key.len});
        strbuf_free(&key);
    }
    finish(question);
}

static void answer_stats(struct admin_call *call)
{
    struct stats_question *question;

    if (!call->exchange)
        return;
    if (call->json.len == 0) {
        problem_unknown_coupon(call->exchange);
        return;
    }
    question = calloc(1, sizeof *question);
    CHECK(question, "out of memory");
    question->exchange = call->exchange;
    question->json = call->json;
    call->json = (struct strbuf)STRBUF_INIT;
    question->minutes.now_ms = clock_wall_ms();
    http_exchange_on_gone(question->exchange, client_gone, question);
    ask_minutes(call, question);
}

void admin_handle_stats(struct http_exchange *exchange)
{
    struct admin_call *call = admin_call_by_id(exchange);

    if (call)
        admin_call_submit(call, run_stats, answer_stats);
}
