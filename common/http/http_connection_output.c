#include "common/http/http_connection_parts.h"
#include "common/http/http_problem.h"
#include "common/base/check.h"
#include "common/base/clock.h"

/* How long to wait for the client to close after its last answer. */
#define CONNECTION_LINGER_MS 1000

/* The last answer is out. */
static void connection_linger(struct http_connection *connection, int64_t now_us)
{
    if (connection->ended) {
        http_connection_close(connection);
        return;
    }
    http_stream_finish(&connection->stream);
    connection->state = CONNECTION_LINGERING;
    http_connection_expire_in(connection, now_us, CONNECTION_LINGER_MS);
    http_stream_take(&connection->stream, http_stream_waiting(&connection->stream));
    http_stream_resume(&connection->stream);
}

void http_connection_answered(struct http_connection *connection, int64_t now_us)
{
    if (connection->last || connection->service->draining) {
        connection_linger(connection, now_us);
        return;
    }
    http_reader_next(&connection->reader);
    connection->state = CONNECTION_RECEIVING;
    connection->timed_phase = HTTP_READER_IDLE;
    http_connection_expire_in(connection, now_us, connection->service->config.idle_timeout_ms);
}

static void connection_write_answer(struct http_connection *connection, struct http_answer *answer,
                                    const struct http_route *route, int64_t started_us,
                                    int64_t now_us)
{
    struct http_service *service = connection->service;
    enum http_method method = connection->reader.request.method;
    struct strbuf *output = &service->output;
    bool sent;

    answer->to_head = method == HTTP_METHOD_HEAD;
    answer->close = connection->last;
    strbuf_clear(output);
    http_answer_write(output, answer, http_date_text(&service->date, now_us));
    sent = http_stream_send(&connection->stream, output->data, output->len);
    if (service->answered != NULL)
        service->answered(service->context, route, &connection->reader.request, answer->status,
                          now_us - started_us);
    if (!sent) {
        http_connection_close(connection);
    } else if (!http_stream_is_flushed(&connection->stream)) {
        connection->state = CONNECTION_FLUSHING;
        http_connection_expire_in(connection, now_us, service->config.write_timeout_ms);
    } else {
        http_connection_answered(connection, now_us);
    }
}

bool http_connection_is_last(const struct http_connection *connection)
{
    const struct http_service *service = connection->service;
    int max_requests = service->config.max_requests;

    return !connection->reader.head.keep_alive || service->draining ||
           (max_requests > 0 && connection->request_count >= max_requests);
}

/* The next request may be waiting in the input already; it is begun from the loop, not from inside
 * the call of whoever answers. */
void http_connection_answer(struct http_connection *connection, struct http_answer *answer)
{
    const struct http_route *route = connection->exchange.route;
    bool outer = http_connection_enter(connection);

    CHECK(connection->state == CONNECTION_PENDING, "state=%d", connection->state);
    connection->service->pending_count--;
    connection->state = CONNECTION_RECEIVING;
    connection->last = http_connection_is_last(connection);
    connection_write_answer(connection, answer, route, connection->exchange.started_us,
                            clock_monotonic_us());
    if (!outer && connection->state == CONNECTION_RECEIVING &&
        (connection->ended || http_stream_waiting(&connection->stream) > 0))
        http_stream_wake(&connection->stream);
    http_connection_leave(connection, outer);
}

void http_connection_refuse(struct http_connection *connection, const struct http_refusal *refusal,
                            const char *fields)
{
    struct strbuf *problem = &connection->service->problem;
    int64_t now_us = clock_monotonic_us();
    struct http_answer answer = {
        .status = refusal->status,
        .content_type = HTTP_PROBLEM_TYPE,
        .fields = fields,
    };

    http_service_write_problem(connection->service, &connection->reader.request, refusal, NULL);
    answer.body = problem->data;
    answer.body_len = problem->len;
    connection_write_answer(connection, &answer, NULL, now_us, now_us);
}
