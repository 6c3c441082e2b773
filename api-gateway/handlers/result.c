#include "api-gateway/handlers/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api-gateway/caller.h"
#include "api-gateway/handlers/outcome_name.h"
#include "api-gateway/handlers/problems.h"
#include "api-gateway/handlers/result_question.h"
#include "api-gateway/io_thread.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/contract/issue_result.h"

/* A poll on its way: it looks, and while there is nothing and time is left it waits for the workers
 * and looks again. */
struct result_poll {
    struct io_thread *thread;
    struct http_exchange *exchange;
    struct caller caller;
    char request_id[REQUEST_ID_MAX + 1];
    size_t id_len;
    bool ours;      /* a gateway made the id, so the request was tried */
    bool absent;    /* the last look found nothing, nor was anything in the way */
    uint32_t round; /* that ran when the last look began */
    struct result_location location;
    int64_t deadline_us; /* monotonic; now or earlier: no wait */
    char fields[64];     /* further header lines, or "" */
    struct result_wait wait;
    struct result_waiter waiter;
};

static void end(struct result_poll *poll)
{
    result_lookup_leave(&poll->wait);
    result_waiters_remove(&poll->waiter);
    free(poll);
}

static void client_gone(void *cookie)
{
    end(cookie);
}

/* Whose a result is, is known for sure once it is there. One that names nobody, because its record
 * could not be read, belongs to whom the id was made for. */
static bool is_owner(const struct caller *caller, bool ours, const char *json, size_t len)
{
    uint64_t user_id = caller->user_id ? issue_result_user(json, len) : 0;

    return (ours && !user_id) || caller_is(caller, user_id);
}

/* json is not in thread->scratch. */
static void answer_json(struct io_thread *thread, struct http_exchange *exchange,
                        const char *fields, const char *json, size_t len)
{
    if (outcome_wanted(http_exchange_request(exchange))) {
        strbuf_clear(&thread->scratch);
        outcome_add_result(&thread->scratch, json, len);
        json = thread->scratch.data;
        len = thread->scratch.len;
    }
    http_exchange_json(exchange, 200, fields[0] ? fields : NULL, json, len);
}

static void answer_pending(struct io_thread *thread, struct http_exchange *exchange,
                           const char *request_id, struct result_location location,
                           const char *fields)
{
    struct strbuf *body = &thread->fields;
    int64_t position = progress_position(&thread->progress, location.partition, location.offset);
    char all_fields[128];

    strbuf_clear(body);
    issue_result_encode_pending(request_id, 0, 0, position, body);
    snprintf(all_fields, sizeof all_fields, "Retry-After: %d\r\n%s",
             progress_retry_after(&thread->progress, location.partition, position), fields);
    answer_json(thread, exchange, all_fields, body->data, body->len);
}

/* There was no result when the workers were already past every place where the record could still
 * be. Another poll may have asked first in a round after this one's look: the difference has a
 * sign. */
static bool is_settled(struct result_poll *poll)
{
    uint32_t first;

    if (!poll->absent)
        return false;
    first = settle_table_first_round(&poll->thread->settled, poll->request_id, poll->id_len,
                                     poll->round, !request_id_is_derived(poll->request_id));
    return (int32_t)(poll->round - first) >= 2;
}

/* Who has the key may try it again now, and must not be told the same then. */
static void answer_unknown(struct result_poll *poll)
{
    if (request_id_is_derived(poll->request_id))
        settle_table_forget(&poll->thread->settled, poll->request_id, poll->id_len);
    problem_unknown_request(poll->exchange);
}

/* No result, and no time left. */
static void give_up(struct result_poll *poll)
{
    if (poll->ours ? is_settled(poll) : poll->absent)
        answer_unknown(poll);
    else if (poll->ours)
        answer_pending(poll->thread, poll->exchange, poll->request_id, poll->location,
                       poll->fields);
    else
        problem_unavailable(poll->exchange, "The result can't be read now.");
    end(poll);
}

static void look(struct result_poll *poll)
{
    poll->round = progress_round(&poll->thread->progress);
    result_lookup_ask(poll->thread->lookup, poll->request_id, poll->id_len, &poll->wait);
}

static void looked(struct result_wait *wait, enum result_answer answer, const char *json,
                   size_t len)
{
    struct result_poll *poll = CONTAINER_OF(wait, struct result_poll, wait);

    poll->absent = answer == RESULT_ABSENT;
    if (answer == RESULT_FOUND) {
        if (is_owner(&poll->caller, poll->ours, json, len))
            answer_json(poll->thread, poll->exchange, poll->fields, json, len);
        else
            caller_refuse(poll->exchange);
        end(poll);
    } else if (clock_monotonic_us() < poll->deadline_us && !poll->thread->stopping &&
               !(poll->ours && is_settled(poll))) {
        result_waiters_add(poll->thread->waiters, &poll->waiter);
    } else {
        give_up(poll);
    }
}

static void due(struct result_waiter *waiter)
{
    look(CONTAINER_OF(waiter, struct result_poll, waiter));
}

static void expired(struct result_waiter *waiter)
{
    give_up(CONTAINER_OF(waiter, struct result_poll, waiter));
}

static struct result_poll *poll_new(struct io_thread *thread, struct http_exchange *exchange,
                                    const struct caller *caller,
                                    const struct result_question *question, bool ours,
                                    const char *fields)
{
    struct result_poll *poll = calloc(1, sizeof *poll);

    CHECK(poll, "out of memory");
    poll->thread = thread;
    poll->exchange = exchange;
    poll->caller = *caller;
    poll->id_len = question->request_id.len;
    memcpy(poll->request_id, question->request_id.data, poll->id_len);
    poll->ours = ours;
    poll->location = question->location;
    poll->deadline_us = clock_monotonic_us() + question->wait_s * INT64_C(1000000);
    snprintf(poll->fields, sizeof poll->fields, "%s", fields);
    poll->wait.answered = looked;
    poll->waiter.location = question->location;
    poll->waiter.deadline_us = poll->deadline_us;
    poll->waiter.due = due;
    poll->waiter.expired = expired;
    http_exchange_on_gone(exchange, client_gone, poll);
    return poll;
}

/* A tagged id whose record is known to lie ahead of the workers: no need to look. */
static bool is_ahead(const struct io_thread *thread, struct result_location location)
{
    int64_t next_offset = progress_next_offset(&thread->progress, location.partition);

    return next_offset >= 0 && location.offset >= next_offset;
}

static void start(struct io_thread *thread, struct http_exchange *exchange,
                  const struct caller *caller, const struct result_question *question, bool ours)
{
    struct result_poll *poll;
    char request_id[REQUEST_ID_MAX + 1] = "";
    char fields[64] = "";

    if (question->wait_prefer)
        snprintf(fields, sizeof fields, "Preference-Applied: wait=%d\r\n", question->wait_s);
    if (ours && is_ahead(thread, question->location)) {
        if (question->wait_s == 0 || thread->stopping) {
            memcpy(request_id, question->request_id.data, question->request_id.len);
            answer_pending(thread, exchange, request_id, question->location, fields);
            return;
        }
        poll = poll_new(thread, exchange, caller, question, ours, fields);
        result_waiters_add(thread->waiters, &poll->waiter);
        return;
    }
    look(poll_new(thread, exchange, caller, question, ours, fields));
}

void result_handle(struct http_exchange *exchange)
{
    struct io_thread *thread = http_exchange_context(exchange);
    struct result_question question;
    struct caller caller;
    const char *json;
    size_t len;
    char text[128];

    if (!caller_identify(exchange, &caller))
        return;
    if (!result_question_read(http_exchange_request(exchange), &question, text, sizeof text)) {
        problem_invalid_request(exchange, text);
        return;
    }
    if (!request_id_valid(question.request_id.data, question.request_id.len)) {
        problem_unknown_request(exchange);
        return;
    }
    json =
        result_cache_get(thread->results, question.request_id.data, question.request_id.len, &len);
    gateway_metrics_result(thread->metrics, json);
    if (json) {
        if (is_owner(&caller, false, json, len))
            answer_json(thread, exchange, "", json, len);
        else
            caller_refuse(exchange);
        return;
    }
    switch (request_id_classify(thread->keys, question.request_id.data, question.request_id.len,
                                caller.user_id)) {
    case REQUEST_ID_FORGED:
        problem_unknown_request(exchange);
        break;
    case REQUEST_ID_OTHERS:
        caller_refuse(exchange);
        break;
    case REQUEST_ID_OURS:
        start(thread, exchange, &caller, &question, true);
        break;
    case REQUEST_ID_FOREIGN:
        start(thread, exchange, &caller, &question, false);
        break;
    }
}
