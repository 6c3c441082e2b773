#include "api-gateway/io_thread.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <event2/event.h>

#include "api-gateway/broadcast_feed.h"
#include "api-gateway/handlers/issue.h"
#include "api-gateway/handlers/outcome_name.h"
#include "api-gateway/handlers/issue_spooled.h"
#include "common/http/http_problem.h"
#include "common/http/http_server.h"
#include "api-gateway/public_routes.h"
#include "api-gateway/quiet_thread.h"
#include "common/base/address.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/contract/broadcast.h"

#define TICK_MS 100
#define RESULTS_KEPT 20000
#define SPOOL_LOOK_MARGIN_MS 10000
#define STOP_MAX_US 8000000 /* more than a produce can take */

struct thread_control {
    pthread_t id;
    int stop_fd;
    struct event *stop;
    struct event *tick;
    bool drained;
    int64_t stop_by_us;
    atomic_bool ended;
};

static void add_problem_members(const struct http_request *request, const char *code,
                                struct strbuf *out)
{
    if (outcome_wanted(request))
        outcome_add(out, code);
}

static void answered(void *context, const struct http_route *route,
                     const struct http_request *request, int status, int64_t duration_us)
{
    struct io_thread *thread = context;

    gateway_metrics_answer(thread->metrics, route, status, duration_us);
    if (access_log_wants(&thread->access_log))
        access_log_write(route ? route->pattern : "", request, thread->answering, status,
                         duration_us);
    thread->answering = NULL;
}

static bool admit(void *context, struct http_exchange *exchange)
{
    struct io_thread *thread = context;

    return rate_limit_address(thread->limits, exchange);
}

/* Stopping is done when every client has its answer and every record its report. */
static void end_if_idle(struct io_thread *thread, int64_t now_us)
{
    struct thread_control *control = thread->control;

    if (!thread->stopping)
        return;
    if (control->drained && issue_producer_open(thread->producer) == 0)
        event_base_loopbreak(thread->base);
    else if (now_us >= control->stop_by_us) {
        log_warn("stop_forced", "%zu requests and %zu records were still open",
                 http_server_pending(thread->server), issue_producer_open(thread->producer));
        event_base_loopbreak(thread->base);
    }
}

/* A request that is in no result may still be in the spool: nothing is settled while it may. */
static void spool_tick(struct io_thread *thread, int64_t now_us)
{
    spool_writer_tick(thread->spool_writer);
    issue_spooled_tick(thread, now_us);
    if (!spool_seen_empty(thread->spool, now_us))
        progress_unsettle(&thread->progress, now_us);
}

static void tick(evutil_socket_t fd, short what, void *cookie)
{
    struct io_thread *thread = cookie;
    int64_t now_us = clock_monotonic_us();

    (void)fd;
    (void)what;
    thread->tick_us = now_us;
    issue_tick(thread, now_us);
    if (thread->spool)
        spool_tick(thread, now_us);
    progress_set_partitions(&thread->progress, topic_watch_partitions(thread->topic), now_us);
    broadcast_feed_tick(thread, now_us);
    gateway_metrics_open(thread->metrics, http_server_connections(thread->server),
                         result_waiters_count(thread->waiters),
                         issue_producer_open(thread->producer));
    end_if_idle(thread, now_us);
}

static void drained(void *context)
{
    struct io_thread *thread = context;

    thread->control->drained = true;
    end_if_idle(thread, clock_monotonic_us());
}

static void stop(evutil_socket_t fd, short what, void *cookie)
{
    struct io_thread *thread = cookie;

    (void)fd;
    (void)what;
    event_del(thread->control->stop);
    thread->stopping = true;
    thread->control->stop_by_us = clock_monotonic_us() + STOP_MAX_US;
    http_server_drain(thread->server, drained);
    result_waiters_expire_all(thread->waiters);
}

static bool open_control(struct io_thread *thread)
{
    const struct timeval interval = {.tv_usec = TICK_MS * 1000};
    struct thread_control *control = calloc(1, sizeof *control);

    CHECK(control, "out of memory");
    control->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (control->stop_fd < 0) {
        log_error("start_failed", "eventfd: %s", strerror(errno));
        free(control);
        return false;
    }
    control->stop = event_new(thread->base, control->stop_fd, EV_READ, stop, thread);
    control->tick = event_new(thread->base, -1, EV_PERSIST, tick, thread);
    CHECK(control->stop && control->tick, "out of memory");
    event_add(control->stop, NULL);
    event_add(control->tick, &interval);
    thread->control = control;
    return true;
}

static void kafka_away(void *cookie)
{
    issue_kafka_away(cookie);
}

/* The longest time from a request's coming until its record is in the log, or its row in the spool
 * where looks can see it, or neither will ever be. */
static int64_t settle_us(const struct io_thread *thread)
{
    int64_t settle_ms = issue_producer_settle_ms(thread->producer);

    if (thread->spool)
        settle_ms += thread->config->accept_timeout_ms +
                     1000 * thread->config->sql.answer_timeout_s + SPOOL_LOOK_MARGIN_MS;
    return 1000 * settle_ms;
}

static bool open_producer(struct io_thread *thread)
{
    char error[512];

    thread->producer = issue_producer_new(thread->base, &thread->config->kafka,
                                          issue_delivered_report, error, sizeof error);
    if (!thread->producer) {
        log_error("start_failed", "%s", error);
        return false;
    }
    progress_init(&thread->progress, settle_us(thread), clock_monotonic_us());
    issue_producer_on_upcoming(thread->producer, issue_upcoming_report);
    issue_producer_on_away(thread->producer, kafka_away, thread);
    return true;
}

static bool open_server(struct io_thread *thread)
{
    struct http_server_config config = {
        .reuse_port = true,
        .max_connections = (size_t)thread->config->max_connections,
        .max_head_bytes = 8192,
        .idle_timeout_ms = 75000,
        .head_timeout_ms = 10000,
        .body_timeout_ms = 10000,
        .write_timeout_ms = 10000,
    };
    struct address address;
    size_t count;
    const struct http_route *routes = public_routes(&count);

    if (!address_parse(thread->config->listen, &address)) {
        log_error("bad_address", "--listen %s: give a numeric HOST:PORT", thread->config->listen);
        return false;
    }
    config.host = address.host;
    config.port = address.port;
    thread->metrics = gateway_metrics_new(routes, count, thread->generator.thread);
    thread->server = http_server_new(thread->base, &config, routes, count, thread);
    if (!thread->server) {
        log_error("listen_failed", "--listen %s: %s", thread->config->listen, strerror(errno));
        return false;
    }
    http_server_on_answer(thread->server, answered);
    http_server_on_problem(thread->server, add_problem_members);
    if (thread->limits)
        http_server_on_request(thread->server, admit);
    return true;
}

static void open_stores(struct io_thread *thread)
{
    int64_t refresh_ms = thread->config->coupon_refresh_ms;

    thread->mailbox = sql_mailbox_new(thread->base);
    thread->coupons = coupon_cache_new(thread->base, thread->pool, thread->mailbox, refresh_ms);
    thread->policies = policy_cache_new(thread->base, thread->pool, thread->mailbox, refresh_ms);
    thread->coupon_list = coupon_list_new(thread->pool, thread->mailbox, refresh_ms);
    thread->results = result_cache_new(RESULTS_KEPT);
    thread->waiters = result_waiters_new(thread->base, &thread->progress);
    thread->redis = redis_link_new(thread->base, &thread->config->redis, NULL, NULL);
    thread->feed =
        redis_link_new(thread->base, &thread->config->redis, broadcast_feed_connected, thread);
    redis_link_subscribe(thread->feed, BROADCAST_CHANNEL, broadcast_feed_message, thread);
    thread->lookup = result_lookup_new(thread->base, thread->redis, thread->pool, thread->mailbox,
                                       thread->results);
    if (thread->spool)
        thread->spool_writer =
            spool_writer_new(thread->base, thread->spool, thread->pool, thread->mailbox);
}

static void write_refusals(struct io_thread *thread)
{
    for (int i = ADMISSION_SOLD_OUT; i <= ADMISSION_CLOSED; i++) {
        const char *code = admission_code((enum admission)i);
        const char *detail = admission_detail((enum admission)i);
        struct strbuf outcome = STRBUF_INIT;

        outcome_add(&outcome, code);
        http_problem_write(&thread->refusals[i], 409, code, detail, NULL);
        http_problem_write(&thread->outcome_refusals[i], 409, code, detail, outcome.data);
        strbuf_free(&outcome);
    }
}

static void *run(void *cookie)
{
    struct io_thread *thread = cookie;

    event_base_dispatch(thread->base);
    atomic_store(&thread->control->ended, true);
    return NULL;
}

struct io_thread *io_thread_start(const struct io_thread_parts *parts, uint32_t index)
{
    struct io_thread *thread = calloc(1, sizeof *thread);

    CHECK(thread, "out of memory");
    thread->config = parts->config;
    thread->keys = parts->keys;
    thread->pool = parts->pool;
    thread->topic = parts->topic;
    thread->spool = parts->spool;
    thread->access_log.every = (uint64_t)parts->config->access_log;
    thread->generator = (struct request_id_generator){
        .keys = parts->keys,
        .instance = parts->instance,
        .thread = index,
    };
    issue_start(thread);
    TAILQ_INIT(&thread->spooled);
    thread->base = event_base_new();
    CHECK(thread->base, "no event loop");
    write_refusals(thread);
    if (parts->keyring)
        thread->tokens = token_checker_new(parts->keyring, &parts->config->jwt);
    thread->limits = rate_limit_new(&parts->config->rate);
    open_stores(thread);
    if (!open_producer(thread) || !open_server(thread) || !open_control(thread))
        goto err0;
    quiet_thread_start(&thread->control->id, run, thread);
    return thread;

err0:
    io_thread_free(thread);
    return NULL;
}

void io_thread_stop(struct io_thread *thread)
{
    const uint64_t one = 1;

    CHECK(write(thread->control->stop_fd, &one, sizeof one) == sizeof one, "eventfd: %s",
          strerror(errno));
}

bool io_thread_ended(const struct io_thread *thread)
{
    return atomic_load(&thread->control->ended);
}

void io_thread_join(struct io_thread *thread)
{
    pthread_join(thread->control->id, NULL);
}

void io_thread_free(struct io_thread *thread)
{
    if (!thread)
        return;
    http_server_free(thread->server);
    issue_producer_free(thread->producer);
    redis_link_free(thread->feed);
    redis_link_free(thread->redis);
    sql_mailbox_free(thread->mailbox); /* what was asked for comes back now */
    spool_writer_free(thread->spool_writer);
    result_lookup_free(thread->lookup);
    result_waiters_free(thread->waiters);
    result_cache_free(thread->results);
    coupon_list_free(thread->coupon_list);
    policy_cache_free(thread->policies);
    coupon_cache_free(thread->coupons);
    gateway_metrics_free(thread->metrics);
    token_checker_free(thread->tokens);
    rate_limit_free(thread->limits);
    if (thread->control) {
        event_free(thread->control->stop);
        event_free(thread->control->tick);
        close(thread->control->stop_fd);
        free(thread->control);
    }
    event_base_free(thread->base);
    spares_free(&thread->spare_accepts);
    strbuf_free(&thread->scratch);
    strbuf_free(&thread->fields);
    for (int i = ADMISSION_SOLD_OUT; i <= ADMISSION_CLOSED; i++) {
        strbuf_free(&thread->refusals[i]);
        strbuf_free(&thread->outcome_refusals[i]);
    }
    free(thread);
}
