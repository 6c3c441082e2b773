#include "issue-worker/relay/outbox_relay.h"

#include <inttypes.h>
#include <sysexits.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/metrics/metrics.h"
#include "common/mysql/schema_version.h"
#include "common/mysql/sql_lease.h"
#include "issue-worker/relay/outbox_producer.h"
#include "issue-worker/relay/relay_metrics.h"
#include "issue-worker/relay/relay_pace.h"
#include "issue-worker/service.h"

#define LEASE "outbox-relay"
#define STANDBY_US 1000000
#define BACKLOG_EVERY_US 2000000
#define ANSWER_TIMEOUT_S 5 /* less than the lease */
#define DESCRIPTORS 12

struct relay {
    const struct relay_options *options;
    struct sql_options sql;
    struct service *service;
    struct sql_session *session; /* NULL: not connected */
    struct sql_lease lease;
    struct outbox_producer *producer; /* NULL: this relay is not the active one, or must be again */
    struct outbox_chunk chunk;
    struct relay_pace pace;
    struct relay_metrics metrics;
    enum failure_class told; /* what the log has of the failures in a row */
    uint32_t random;
    int64_t backlog_us; /* when it was last looked at */
};

static void pause_after(struct relay *relay, enum failure_class class, const char *event,
                        const char *text)
{
    relay_metrics_failed(&relay->metrics, class);
    if (class == FAILURE_TRANSIENT || relay->told != class)
        log_warn(event, "%s", text);
    relay->told = class;
    relay->random = relay->random * 1664525u + 1013904223u;
    service_rest(relay->service, relay_pace_failed(&relay->pace, class, relay->random >> 8));
}

static void drop_producer(struct relay *relay)
{
    if (!relay->producer)
        return;
    outbox_producer_free(relay->producer);
    relay->producer = NULL;
    relay_metrics_active(&relay->metrics, false);
}

/* True: done. Else the connection is given up where it may be of no more use, after a rest. */
static bool sql_done(struct relay *relay, enum sql_class class, const struct sql_fault *fault)
{
    if (class == SQL_OK)
        return true;
    if (class != SQL_TRANSIENT) {
        sql_session_close(relay->session);
        relay->session = NULL;
        service_set_ready(relay->service, false);
    }
    pause_after(relay, class == SQL_TRANSIENT ? FAILURE_TRANSIENT : FAILURE_OUTAGE,
                "outbox_unreadable", fault->text);
    return false;
}

/* False: not now, or, with *status not EX_OK, never. */
static bool connected(struct relay *relay, int *status)
{
    struct sql_fault fault;
    char text[256];

    if (relay->session)
        return true;
    relay->session = sql_session_open(&relay->sql, &fault);
    if (!relay->session)
        return sql_done(relay, SQL_OUTAGE, &fault);
    switch (schema_version_check(relay->session, text, sizeof text, &fault)) {
    case SCHEMA_FITS:
        service_set_ready(relay->service, true);
        return true;
    case SCHEMA_UNKNOWN:
        return sql_done(relay, SQL_OUTAGE, &fault);
    case SCHEMA_MISFIT:
        break;
    }
    log_error("schema_misfit", "%s", text);
    *status = EX_CONFIG;
    return false;
}

static bool look_at_backlog(struct relay *relay)
{
    struct outbox_backlog backlog;
    struct sql_fault fault;

    if (clock_monotonic_us() - relay->backlog_us < BACKLOG_EVERY_US)
        return true;
    relay->backlog_us = clock_monotonic_us();
    if (!sql_done(relay, outbox_rows_backlog(relay->session, &backlog, &fault), &fault))
        return false;
    relay_metrics_backlog(&relay->metrics, &backlog);
    return true;
}

/* Give the work up, so that another relay, which may reach Kafka, can have it. */
static void let_go(struct relay *relay)
{
    struct sql_fault fault;

    drop_producer(relay);
    if (relay->session && relay->lease.held)
        sql_lease_release(&relay->lease, relay->session, &fault);
    relay->lease.held = false;
}

static bool hold_lease(struct relay *relay)
{
    char other[SQL_LEASE_HOLDER_SIZE];
    bool held = sql_lease_valid(&relay->lease);
    struct sql_fault fault;

    if (held && !sql_lease_due(&relay->lease))
        return true;
    if (!sql_done(relay, sql_lease_take(&relay->lease, relay->session, other, &fault), &fault))
        return false;
    if (relay->lease.held)
        return true;
    if (relay->producer)
        log_warn("relay_replaced", "%s publishes the events now", other);
    drop_producer(relay);
    service_rest(relay->service, STANDBY_US);
    return false;
}

static bool open_producer(struct relay *relay)
{
    const struct relay_options *options = relay->options;
    struct outbox_fault fault;

    if (relay->producer)
        return true;
    relay->producer = outbox_producer_open(&options->kafka, options->events_topic,
                                           options->transactional_id, relay->service, &fault);
    if (!relay->producer) {
        let_go(relay);
        pause_after(relay, fault.class, "events_topic_away", fault.text);
        return false;
    }
    relay_metrics_active(&relay->metrics, true);
    log_info("relay_active", "%s publishes the events to %s from now on", relay->lease.holder,
             options->events_topic);
    return true;
}

static void publish(struct relay *relay)
{
    size_t max = (size_t)relay->options->chunk_events;
    int64_t began_us = clock_monotonic_us();
    struct outbox_fault outbox_fault;
    struct sql_fault fault;

    if (!sql_done(relay, outbox_rows_read(relay->session, max, &relay->chunk, &fault), &fault))
        return;
    if (relay->chunk.count == 0) {
        relay->told = FAILURE_NONE;
        service_rest(relay->service,
                     relay_pace_idle(&relay->pace, 1000 * relay->options->poll_interval_ms));
        return;
    }
    FAILPOINT("relay_before_publish");
    if (!outbox_producer_publish(relay->producer, &relay->chunk, relay->service, &outbox_fault)) {
        let_go(relay);
        pause_after(relay, outbox_fault.class, "events_not_published", outbox_fault.text);
        return;
    }
    FAILPOINT("relay_after_commit");
    if (!sql_done(relay, outbox_rows_mark(relay->session, &relay->chunk, &fault), &fault))
        return;
    FAILPOINT("relay_after_mark");
    relay->told = FAILURE_NONE;
    relay_metrics_published(&relay->metrics, relay->chunk.count, clock_monotonic_us() - began_us);
    service_rest(relay->service, relay_pace_published(&relay->pace, relay->chunk.count == max));
}

static int relay_thread(struct service *service, void *cookie)
{
    struct relay *relay = cookie;
    int status = EX_OK;

    relay->service = service;
    log_info("started", "%s", relay->lease.holder);
    while (!service_stopping(service) && status == EX_OK) {
        if (connected(relay, &status) && look_at_backlog(relay) && hold_lease(relay) &&
            open_producer(relay))
            publish(relay);
    }
    let_go(relay);
    outbox_chunk_free(&relay->chunk);
    sql_session_close(relay->session);
    sql_thread_stop();
    return status;
}

int outbox_relay_run(const struct relay_options *options)
{
    struct relay relay = {
        .options = options,
        .sql = options->sql,
        .random = (uint32_t)clock_monotonic_us(),
    };
    const struct service_work work = {
        .management_listen = options->management_listen,
        .ready_name = "the database answers",
        .descriptors = DESCRIPTORS,
        .run = relay_thread,
        .cookie = &relay,
    };

    if (relay.sql.answer_timeout_s > ANSWER_TIMEOUT_S)
        relay.sql.answer_timeout_s = ANSWER_TIMEOUT_S;
    sql_lease_init(&relay.lease, LEASE, 1000 * options->lease_s);
    relay_metrics_init(&relay.metrics);
    return service_run(&work);
}
