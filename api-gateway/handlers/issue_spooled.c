#include "api-gateway/handlers/issue_spooled.h"

#include <stdlib.h>

#include "api-gateway/handlers/issue.h"
#include "api-gateway/handlers/problems.h"
#include "common/base/check.h"
#include "common/base/container_of.h"

/* A request that waits for its row to be committed. */
struct issue_spooled {
    struct spool_entry entry;
    struct io_thread *thread;
    struct http_exchange *exchange; /* NULL: answered, or the client is gone */
    struct issue_style style;
    bool tried;
    int64_t deadline_us;
    TAILQ_ENTRY(issue_spooled) next; /* in thread->spooled while not answered */
};

/* It will be answered, or has nobody to answer, any more. */
static void detach(struct issue_spooled *spooled)
{
    TAILQ_REMOVE(&spooled->thread->spooled, spooled, next);
    spooled->exchange = NULL;
}

static void client_gone(void *cookie)
{
    struct issue_spooled *spooled = cookie;

    detach(spooled);
    if (spool_writer_leave(spooled->thread->spool_writer, &spooled->entry))
        free(spooled);
}

static void refuse(const struct issue_spooled *spooled, struct http_exchange *exchange,
                   const char *detail)
{
    if (spooled->tried)
        issue_answer_unknown(spooled->thread, exchange, &spooled->entry.request, spooled->style);
    else
        problem_unavailable(exchange, detail);
}

static void answer(const struct issue_spooled *spooled, struct http_exchange *exchange,
                   enum spool_outcome outcome)
{
    const struct issue_request *request = &spooled->entry.request;

    switch (outcome) {
    case SPOOL_COMMITTED:
        gateway_metrics_accepted(spooled->thread->metrics, true);
        issue_answer_accepted(spooled->thread, exchange, request, spooled->style,
                              RESULT_LOCATION_NONE);
        break;
    case SPOOL_DIRECT_AGAIN:
        issue_send(spooled->thread, exchange, request, spooled->style, spooled->tried);
        break;
    case SPOOL_FULL:
        refuse(
            spooled, exchange,
            "Kafka is away, and as many requests wait for it as may; this one was not taken in.");
        break;
    case SPOOL_NOT_WRITTEN:
        refuse(spooled, exchange, "Kafka and MySQL are away; the request was not taken in.");
        break;
    case SPOOL_UNKNOWN:
        issue_answer_unknown(spooled->thread, exchange, request, spooled->style);
        break;
    }
}

static void written(struct spool_entry *entry, enum spool_outcome outcome)
{
    struct issue_spooled *spooled = CONTAINER_OF(entry, struct issue_spooled, entry);
    struct http_exchange *exchange = spooled->exchange;

    if (exchange) {
        detach(spooled);
        answer(spooled, exchange, outcome);
    }
    free(spooled);
}

void issue_spooled_add(struct io_thread *thread, struct http_exchange *exchange,
                       const struct issue_request *request, struct issue_style style, bool tried)
{
    struct issue_spooled *spooled = calloc(1, sizeof *spooled);

    CHECK(spooled, "out of memory");
    spooled->entry.request = *request;
    spooled->entry.done = written;
    spooled->thread = thread;
    spooled->exchange = exchange;
    spooled->style = style;
    spooled->tried = tried;
    spooled->deadline_us =
        http_exchange_started_us(exchange) + thread->config->accept_timeout_ms * INT64_C(1000);
    if (!spool_writer_add(thread->spool_writer, &spooled->entry)) {
        http_exchange_on_gone(exchange, NULL, NULL);
        refuse(spooled, exchange, "Too many requests wait for MySQL; this one was not taken in.");
        free(spooled);
        return;
    }
    http_exchange_on_gone(exchange, client_gone, spooled);
    TAILQ_INSERT_TAIL(&thread->spooled, spooled, next);
}

static void expire(struct issue_spooled *spooled)
{
    struct http_exchange *exchange = spooled->exchange;

    detach(spooled);
    if (!spool_writer_leave(spooled->thread->spool_writer, &spooled->entry)) {
        issue_answer_unknown(spooled->thread, exchange, &spooled->entry.request, spooled->style);
        return;
    }
    refuse(spooled, exchange, "MySQL did not answer in time; the request was not taken in.");
    free(spooled);
}

void issue_spooled_tick(struct io_thread *thread, int64_t now_us)
{
    struct issue_spooled *spooled = TAILQ_FIRST(&thread->spooled);

    while (spooled) {
        struct issue_spooled *next = TAILQ_NEXT(spooled, next);

        if (spooled->deadline_us <= now_us)
            expire(spooled);
        spooled = next;
    }
}
