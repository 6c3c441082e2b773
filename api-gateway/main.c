#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <event2/event.h>
#include <sodium.h>

#include "api-gateway/auth/key_file.h"
#include "api-gateway/auth/token_keyring.h"
#include "api-gateway/config.h"
#include "api-gateway/handlers/admin_token.h"
#include "api-gateway/instance_number.h"
#include "api-gateway/io_thread.h"
#include "api-gateway/management.h"
#include "api-gateway/spool_relay.h"
#include "api-gateway/spool_table.h"
#include "common/base/check.h"
#include "common/base/container_of.h"
#include "common/base/descriptor_budget.h"
#include "common/base/log.h"
#include "common/base/option_secret.h"
#include "common/base/privilege.h"
#include "common/management/health.h"
#include "common/management/probe_command.h"
#include "common/mysql/schema_version.h"

#define RETRY_MS 500
#define WATCH_MS 50
#define PATIENCE_MS 10000
#define SPOOL_DESCRIPTORS 12 /* the relay's producer and its connection to MySQL */

/* The first visit to the database: is it ours, and which number do this start's ids get? */
struct first_visit {
    struct sql_job job;
    enum schema_state state;
    char text[256];
    uint32_t instance;
    struct spool_look spool;
};

/* The main thread's loop: signals, management, and the start of the others. */
struct gateway {
    struct gateway_config config;
    struct request_id_keys *keys;
    struct token_keyring *keyring; /* NULL: --auth=off */
    struct event_base *base;
    struct sql_pool *pool;
    struct sql_mailbox *mailbox;
    struct topic_watch *topic;
    struct redis_link *redis;
    struct management *management;
    size_t management_connections;
    struct first_visit visit;
    struct spool *spool; /* NULL: --spool=off */
    struct spool_relay *relay;
    struct event *retry;
    struct event *watch; /* while stopping: have the threads ended? */
    struct io_thread *threads[64];
    size_t thread_count;
    bool stopping;
    int status;
};

/* The management listener goes on answering while the I/O threads finish. */
static void watch(evutil_socket_t fd, short what, void *cookie)
{
    struct gateway *gateway = cookie;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < gateway->thread_count; i++)
        if (!io_thread_ended(gateway->threads[i]))
            return;
    event_base_loopbreak(gateway->base);
}

/* Begin to stop; the process ends with this status. */
static void end(struct gateway *gateway, int status)
{
    const struct timeval interval = {.tv_usec = WATCH_MS * 1000};

    if (gateway->stopping)
        return;
    gateway->stopping = true;
    gateway->status = status;
    management_set_stopping(gateway->management);
    for (size_t i = 0; i < gateway->thread_count; i++)
        io_thread_stop(gateway->threads[i]);
    event_add(gateway->watch, &interval);
}

static void start_threads(struct gateway *gateway, uint32_t instance)
{
    const struct io_thread_parts parts = {
        .config = &gateway->config,
        .keys = gateway->keys,
        .pool = gateway->pool,
        .topic = gateway->topic,
        .spool = gateway->spool,
        .keyring = gateway->keyring,
        .instance = instance,
    };

    for (uint32_t i = 0; i < (uint32_t)gateway->config.io_threads; i++) {
        struct io_thread *thread = io_thread_start(&parts, i);

        if (!thread) {
            end(gateway, EX_UNAVAILABLE);
            return;
        }
        gateway->threads[gateway->thread_count++] = thread;
    }
    management_set_serving(gateway->management, true);
    log_info("started", "%zu I/O threads on %s, management on %s, instance %u",
             gateway->thread_count, gateway->config.listen, gateway->config.management_listen,
             instance);
}

static bool has_spool(const struct gateway *gateway)
{
    return strcmp(gateway->config.spool, "on") == 0;
}

static void start_spool(struct gateway *gateway)
{
    const struct first_visit *visit = &gateway->visit;

    if (!has_spool(gateway))
        return;
    gateway->spool =
        spool_new(visit->instance, gateway->config.spool_max_rows, visit->spool.rows > 0);
    gateway->relay = spool_relay_start(&gateway->config, gateway->topic, gateway->spool);
}

static enum sql_class visit(struct sql_job *job, struct sql_session *session,
                            struct sql_fault *fault)
{
    struct first_visit *first = CONTAINER_OF(job, struct first_visit, job);
    enum sql_class class;

    first->state = schema_version_check(session, first->text, sizeof first->text, fault);
    if (first->state == SCHEMA_UNKNOWN)
        return fault->class;
    if (first->state == SCHEMA_MISFIT)
        return SQL_OK;
    class = instance_number_take(session, &first->instance, fault);
    return class == SQL_OK ? spool_table_look(session, first->instance, &first->spool, fault)
                           : class;
}

static void visited(struct sql_job *job)
{
    const struct timeval pause = {.tv_usec = RETRY_MS * 1000};
    struct gateway *gateway = CONTAINER_OF(job, struct gateway, visit.job);

    if (gateway->stopping)
        return;
    if (job->class != SQL_OK) {
        log_warn("database_away", "error %u: %s; trying again until it is there", job->fault.code,
                 job->fault.text);
        event_add(gateway->retry, &pause);
    } else if (gateway->visit.state == SCHEMA_MISFIT) {
        log_error("schema_misfit", "%s", gateway->visit.text);
        end(gateway, EX_CONFIG);
    } else {
        start_spool(gateway);
        start_threads(gateway, gateway->visit.instance);
    }
}

static void try_visit(evutil_socket_t fd, short what, void *cookie)
{
    struct gateway *gateway = cookie;

    (void)fd;
    (void)what;
    gateway->visit.job.run = visit;
    gateway->visit.job.done = visited;
    CHECK(sql_pool_submit(gateway->pool, gateway->mailbox, &gateway->visit.job, PATIENCE_MS),
          "an empty pool takes no job");
}

static void stop(evutil_socket_t signal_number, short what, void *cookie)
{
    struct gateway *gateway = cookie;

    (void)what;
    log_info("stopping", "signal %d; answering what is pending", (int)signal_number);
    end(gateway, EX_OK);
}

static void reload_admin_token(struct gateway *gateway)
{
    const char *path = gateway->config.admin_token_file;
    struct strbuf content = STRBUF_INIT;
    struct strbuf problem = STRBUF_INIT;

    if (!path)
        return;
    if (!key_file_read(path, &content, &problem))
        log_error("admin_token_kept", "%s", problem.data);
    else if (!management_set_admin_token(gateway->management, content.data))
        log_error("admin_token_kept", "%s: it holds no token, or more than %d", path,
                  ADMIN_TOKENS_MAX);
    key_file_wipe(&content);
    strbuf_free(&problem);
}

static void reload(evutil_socket_t signal_number, short what, void *cookie)
{
    struct gateway *gateway = cookie;

    (void)signal_number;
    (void)what;
    if (gateway->keyring)
        token_keyring_reload(gateway->keyring);
    reload_admin_token(gateway);
}

/* With one broker an idle gateway of one I/O thread was seen to have 33 descriptors. */
static bool share_descriptors(struct gateway *gateway)
{
    struct gateway_config *config = &gateway->config;
    const struct descriptor_demand demand = {
        .own = 32 + (size_t)config->mysql_threads + 12 * (size_t)config->io_threads +
               (has_spool(gateway) ? SPOOL_DESCRIPTORS : 0),
        .management = HEALTH_CONNECTIONS,
        .listeners = (size_t)config->io_threads,
        .clients = (size_t)config->max_connections,
    };
    struct descriptor_budget budget;

    if (!descriptor_budget_take(&demand, &budget))
        return false;
    gateway->management_connections = budget.management;
    config->max_connections = (int64_t)budget.clients;
    return true;
}

static bool open_all(struct gateway *gateway)
{
    struct management_parts parts = {.config = &gateway->config};
    char error[512];

    gateway->base = event_base_new();
    CHECK(gateway->base, "no event loop");
    gateway->topic =
        topic_watch_start(&gateway->config.kafka, &gateway->config.sql, error, sizeof error);
    if (!gateway->topic) {
        log_error("start_failed", "%s", error);
        return false;
    }
    gateway->pool = sql_pool_start(&gateway->config.sql, (size_t)gateway->config.mysql_threads);
    gateway->mailbox = sql_mailbox_new(gateway->base);
    gateway->redis = redis_link_new(gateway->base, &gateway->config.redis, NULL, NULL);
    gateway->retry = evtimer_new(gateway->base, try_visit, gateway);
    gateway->watch = event_new(gateway->base, -1, EV_PERSIST, watch, gateway);
    CHECK(gateway->retry && gateway->watch, "out of memory");
    parts.base = gateway->base;
    parts.pool = gateway->pool;
    parts.mailbox = gateway->mailbox;
    parts.topic = gateway->topic;
    parts.redis = gateway->redis;
    parts.max_connections = gateway->management_connections;
    gateway->management = management_start(&parts);
    option_secret_wipe(&gateway->config.admin_token);
    return gateway->management;
}

/* In the order that lets each part's last callbacks find what they use. */
static void close_all(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->thread_count; i++)
        io_thread_join(gateway->threads[i]);
    spool_relay_stop(gateway->relay);
    if (gateway->pool)
        sql_pool_stop(gateway->pool);
    for (size_t i = 0; i < gateway->thread_count; i++)
        io_thread_free(gateway->threads[i]);
    gateway->stopping = true; /* a first visit that comes back now changes nothing */
    sql_mailbox_free(gateway->mailbox);
    management_free(gateway->management);
    redis_link_free(gateway->redis);
    spool_free(gateway->spool);
    sql_pool_free(gateway->pool);
    topic_watch_stop(gateway->topic);
    if (gateway->retry)
        event_free(gateway->retry);
    if (gateway->watch)
        event_free(gateway->watch);
    event_base_free(gateway->base);
}

static int run(struct gateway *gateway)
{
    struct event *signals[3];

    gateway->status = EX_UNAVAILABLE;
    if (open_all(gateway)) {
        signals[0] = evsignal_new(gateway->base, SIGTERM, stop, gateway);
        signals[1] = evsignal_new(gateway->base, SIGINT, stop, gateway);
        signals[2] = evsignal_new(gateway->base, SIGHUP, reload, gateway);
        for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
            CHECK(signals[i], "out of memory");
            event_add(signals[i], NULL);
        }
        try_visit(-1, 0, gateway);
        event_base_dispatch(gateway->base);
        for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
            event_free(signals[i]);
    }
    close_all(gateway);
    return gateway->status;
}

static bool open_auth(struct gateway *gateway)
{
    const struct gateway_config *config = &gateway->config;
    char error[128];

    if (strcmp(config->auth, "off") == 0) {
        log_warn("auth_off", "users are not authenticated (--auth=off): for development only");
        return true;
    }
    if (!jwt_options_check(&config->jwt, error, sizeof error)) {
        log_error("bad_option", "%s", error);
        return false;
    }
    gateway->keyring = token_keyring_new(&config->jwt);
    return gateway->keyring;
}

int main(int argc, char **argv)
{
    static struct gateway gateway;
    enum log_level level = LOG_LEVEL_INFO;
    char error[256];
    int status;

    if (argc > 1 && strcmp(argv[1], "probe") == 0)
        return probe_command("api-gateway probe", GATEWAY_MANAGEMENT_LISTEN, argc - 1, argv + 1);
    switch (gateway_config_read(&gateway.config, argc, argv)) {
    case OPTION_EXIT_OK:
        return EX_OK;
    case OPTION_EXIT_USAGE:
        return EX_USAGE;
    case OPTION_RUN:
        break;
    }
    log_level_parse(gateway.config.log_level, &level);
    log_init("api-gateway", level);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* until there is something to read again */
    privilege_drop(&gateway.config.privilege);
    if (!redis_options_check(&gateway.config.redis, error, sizeof error) ||
        !sql_options_check(&gateway.config.sql, error, sizeof error) ||
        !rate_limit_check(&gateway.config.rate, error, sizeof error)) {
        log_error("bad_option", "%s", error);
        return EX_CONFIG;
    }
    CHECK(sodium_init() >= 0, "libsodium does not start");
    sql_library_start();
    gateway.keys = request_id_keys_parse(gateway.config.request_id_key, error, sizeof error);
    option_secret_wipe(&gateway.config.request_id_key);
    if (!gateway.keys) {
        log_error("bad_key_file", "--request-id-key-file: %s", error);
        return EX_CONFIG;
    }
    status = open_auth(&gateway) && share_descriptors(&gateway) ? run(&gateway) : EX_CONFIG;
    token_keyring_free(gateway.keyring);
    request_id_keys_free(gateway.keys);
    log_info("stopped", "exit %d", status);
    return status;
}
