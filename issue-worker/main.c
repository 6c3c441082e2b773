#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <event2/event.h>

#include "common/http/http_server.h"
#include "common/base/address.h"
#include "common/base/check.h"
#include "common/base/descriptor_budget.h"
#include "common/base/log.h"
#include "common/base/privilege.h"
#include "common/management/health.h"
#include "common/management/probe_command.h"
#include "common/mysql/schema_version.h"
#include "issue-worker/advice/advice_command.h"
#include "issue-worker/config.h"
#include "issue-worker/consume_loop.h"
#include "issue-worker/dlt/dlt_command.h"
#include "issue-worker/events/notification_command.h"
#include "issue-worker/events/statistics_command.h"
#include "issue-worker/issue_consumer.h"
#include "issue-worker/relay/relay_command.h"
#include "issue-worker/shop/shop_config.h"
#include "issue-worker/shop/shop_work.h"

#define WATCH_INTERVAL_MS 200

/* A topic, and what is done with its records. */
struct source {
    struct worker_config config;
    struct shop_work *shop; /* NULL: issue requests */
};

struct worker {
    struct worker_config config; /* of all; each source has its own topic */
    struct source sources[2];
    size_t source_count;
    struct event_base *base;
    struct http_server *management;
    size_t management_connections;
    struct result_publisher *publisher;
    struct consume_loop *loops[64];
    size_t loop_count;
    bool stopping;
};

static bool is_running(void *cookie)
{
    return !((struct worker *)cookie)->stopping;
}

static bool are_consumers_ready(void *cookie)
{
    struct worker *worker = cookie;

    for (size_t i = 0; i < worker->loop_count; i++)
        if (!consume_loop_ready(worker->loops[i]))
            return false;
    return worker->loop_count > 0;
}

static void answer_readyz(struct http_exchange *exchange)
{
    struct worker *worker = http_exchange_context(exchange);
    const struct health_check checks[] = {
        {"not stopping", is_running, worker},
        {"consumers are members of the group and have their database", are_consumers_ready, worker},
    };

    health_answer_readyz(exchange, checks, sizeof checks / sizeof checks[0]);
}

static const struct http_route routes[] = {
    {HTTP_METHOD_GET, "/livez", health_answer_livez, 0},
    {HTTP_METHOD_GET, "/readyz", answer_readyz, 0},
    {HTTP_METHOD_GET, "/metrics", health_answer_metrics, 0},
};

/* False: the database's schema is not ours. A database that is away is waited for later. */
static bool schema_fits(const struct sql_options *options)
{
    struct sql_fault fault;
    struct sql_session *session = sql_session_open(options, &fault);
    enum schema_state state = SCHEMA_UNKNOWN;
    char text[256];

    if (session)
        state = schema_version_check(session, text, sizeof text, &fault);
    sql_session_close(session);
    if (state == SCHEMA_UNKNOWN)
        log_warn("database_away", "error %u: %s; starting all the same", fault.code, fault.text);
    if (state == SCHEMA_MISFIT)
        log_error("schema_misfit", "%s", text);
    return state != SCHEMA_MISFIT;
}

static void stop(evutil_socket_t signal_number, short what, void *cookie)
{
    struct worker *worker = cookie;

    (void)what;
    if (!worker->stopping)
        log_info("stopping", "signal %d; finishing the open batch", (int)signal_number);
    worker->stopping = true;
    for (size_t i = 0; i < worker->loop_count; i++)
        consume_loop_stop(worker->loops[i]);
}

/* The process ends when its consumers have: all of them after a signal, one of them by itself when
 * it can't go on, which then stops the others. */
static void watch(evutil_socket_t fd, short what, void *cookie)
{
    struct worker *worker = cookie;
    size_t ended = 0;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < worker->loop_count; i++)
        ended += consume_loop_ended(worker->loops[i]);
    if (ended == worker->loop_count)
        event_base_loopbreak(worker->base);
    else if (ended > 0 && !worker->stopping)
        stop(0, 0, worker);
}

/* With one broker an idle worker of one consumer was seen to have 21 descriptors; a producer of
 * dead letters comes later. */
static bool share_descriptors(struct worker *worker)
{
    const struct descriptor_demand demand = {
        .own = 16 + 28 * (size_t)worker->config.consumers * worker->source_count,
        .management = HEALTH_CONNECTIONS,
    };
    struct descriptor_budget budget;

    if (!descriptor_budget_take(&demand, &budget))
        return false;
    worker->management_connections = budget.management;
    return true;
}

static bool start_management(struct worker *worker)
{
    struct http_server_config config;
    struct address address;

    if (!address_parse(worker->config.management_listen, &address)) {
        log_error("bad_address", "--management-listen %s: give a numeric HOST:PORT",
                  worker->config.management_listen);
        return false;
    }
    config = health_server_config(address.host, address.port, worker->management_connections);
    worker->management =
        http_server_new(worker->base, &config, routes, sizeof routes / sizeof routes[0], worker);
    if (!worker->management)
        log_error("listen_failed", "--management-listen %s: %s", worker->config.management_listen,
                  strerror(errno));
    return worker->management;
}

static bool start_consumers(struct worker *worker, const struct source *source)
{
    const struct batch_body *body = source->shop ? shop_work_body(source->shop) : NULL;
    char error[512];

    for (int64_t i = 0; i < source->config.consumers; i++) {
        bool alone = worker->source_count == 1 && source->config.consumers == 1;
        int member = alone ? ISSUE_CONSUMER_ALONE : (int)worker->loop_count;
        struct consume_loop *loop = consume_loop_start(&source->config, body, worker->publisher,
                                                       member, error, sizeof error);

        if (!loop) {
            log_error("start_failed", "%s", error);
            stop(0, 0, worker);
            return false;
        }
        worker->loops[worker->loop_count++] = loop;
    }
    log_info("started", "%" PRId64 " consumers of %s in group %s", source->config.consumers,
             source->config.kafka.topic, source->config.group);
    return true;
}

static bool start_sources(struct worker *worker)
{
    for (size_t i = 0; i < worker->source_count; i++)
        if (!start_consumers(worker, &worker->sources[i]))
            return false;
    return true;
}

/* Run until told to stop or unable to go on; the exit status. */
static int run(struct worker *worker)
{
    const struct timeval interval = {.tv_usec = WATCH_INTERVAL_MS * 1000};
    struct event *events[] = {
        evsignal_new(worker->base, SIGTERM, stop, worker),
        evsignal_new(worker->base, SIGINT, stop, worker),
        event_new(worker->base, -1, EV_PERSIST, watch, worker),
    };
    int status;

    CHECK(events[0] && events[1] && events[2], "out of memory");
    event_add(events[0], NULL);
    event_add(events[1], NULL);
    event_add(events[2], &interval);
    if (!worker->sources[0].shop)
        worker->publisher =
            result_publisher_start(&worker->config.redis, worker->config.result_ttl_s);
    status = start_sources(worker) ? EX_OK : EX_SOFTWARE;
    event_base_dispatch(worker->base);
    for (size_t i = 0; i < worker->loop_count; i++) {
        int ended = consume_loop_join(worker->loops[i]);

        status = status == EX_OK ? ended : status;
    }
    result_publisher_stop(worker->publisher);
    for (size_t i = 0; i < worker->source_count; i++)
        shop_work_free(worker->sources[i].shop);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        event_free(events[i]);
    return status;
}

static void add_source(struct worker *worker, const char *topic)
{
    struct source *source = &worker->sources[worker->source_count++];

    source->config = worker->config;
    source->config.kafka.topic = topic;
}

static enum option_result read_shop(struct worker *worker, int argc, char **argv)
{
    struct shop_config config = {0};
    enum option_result result = shop_config_read(&config, argc, argv);

    worker->config = config.worker;
    if (result != OPTION_RUN)
        return result;
    add_source(worker, config.payment_topic);
    worker->sources[0].shop = shop_work_new(SHOP_EVENT_PAYMENT_COMPLETED);
    add_source(worker, config.cancel_topic);
    worker->sources[1].shop = shop_work_new(SHOP_EVENT_ORDER_CANCELLED);
    return result;
}

static enum option_result read_options(struct worker *worker, int argc, char **argv)
{
    enum option_result result;

    if (argc > 1 && strcmp(argv[1], "shop") == 0)
        return read_shop(worker, argc - 1, argv + 1);
    result = worker_config_read(&worker->config, argc, argv);
    if (result == OPTION_RUN)
        add_source(worker, worker->config.kafka.topic);
    return result;
}

static int probe(int argc, char **argv)
{
    return probe_command("issue-worker probe", WORKER_MANAGEMENT_LISTEN, argc, argv);
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} modes[] = {
    {"dlt", dlt_command},
    {"advice", advice_command},
    {"relay", relay_command},
    {"statistics", statistics_command},
    {"notification", notification_command},
    {"probe", probe},
};

int main(int argc, char **argv)
{
    struct worker worker = {0};
    enum log_level level = LOG_LEVEL_INFO;
    char error[256];
    int status = EX_CONFIG;

    for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(argv[1], modes[i].name) == 0)
            return modes[i].run(argc - 1, argv + 1);
    switch (read_options(&worker, argc, argv)) {
    case OPTION_EXIT_OK:
        return EX_OK;
    case OPTION_EXIT_USAGE:
        return EX_USAGE;
    case OPTION_RUN:
        break;
    }
    log_level_parse(worker.config.log_level, &level);
    log_init("issue-worker", level);
    signal(SIGPIPE, SIG_IGN);
    privilege_drop(&worker.config.privilege);
    if (!sql_options_check(&worker.config.sql, error, sizeof error) ||
        (!worker.sources[0].shop &&
         !redis_options_check(&worker.config.redis, error, sizeof error))) {
        log_error("bad_option", "%s", error);
        return EX_CONFIG;
    }
    sql_library_start();
    if (!share_descriptors(&worker) || !schema_fits(&worker.config.sql))
        return EX_CONFIG;
    worker.base = event_base_new();
    CHECK(worker.base, "no event loop");
    if (start_management(&worker)) {
        status = run(&worker);
        http_server_free(worker.management);
    }
    event_base_free(worker.base);
    log_info("stopped", "exit %d", status);
    return status;
}
