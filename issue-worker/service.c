#include "issue-worker/service.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <event2/event.h>

#include "common/base/address.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/descriptor_budget.h"
#include "common/base/log.h"
#include "common/http/http_server.h"
#include "common/management/health.h"

#define WATCH_INTERVAL_MS 100
#define OWN_DESCRIPTORS 16

struct service {
    const struct service_work *work;
    struct event_base *base;
    struct http_server *management;
    pthread_t thread;
    pthread_mutex_t lock; /* with wake, for resting alone */
    pthread_cond_t wake;
    atomic_bool stopping;
    atomic_bool ready;
    atomic_bool ended;
    int status;
};

bool service_stopping(const struct service *service)
{
    return atomic_load(&service->stopping);
}

void service_set_ready(struct service *service, bool ready)
{
    atomic_store(&service->ready, ready);
}

void service_rest(struct service *service, int64_t duration_us)
{
    int64_t until_us = clock_monotonic_us() + duration_us;
    struct timespec until = {until_us / 1000000, (until_us % 1000000) * 1000};
    int error = 0;

    pthread_mutex_lock(&service->lock);
    while (!service_stopping(service) && error == 0)
        error = pthread_cond_clockwait(&service->wake, &service->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&service->lock);
}

static bool is_running(void *cookie)
{
    return !service_stopping(cookie);
}

static bool is_ready(void *cookie)
{
    return atomic_load(&((struct service *)cookie)->ready);
}

static void answer_readyz(struct http_exchange *exchange)
{
    struct service *service = http_exchange_context(exchange);
    const struct health_check checks[] = {
        {"not stopping", is_running, service},
        {service->work->ready_name, is_ready, service},
    };

    health_answer_readyz(exchange, checks, sizeof checks / sizeof checks[0]);
}

static const struct http_route routes[] = {
    {HTTP_METHOD_GET, "/livez", health_answer_livez, 0},
    {HTTP_METHOD_GET, "/readyz", answer_readyz, 0},
    {HTTP_METHOD_GET, "/metrics", health_answer_metrics, 0},
};

static void stop(evutil_socket_t signal_number, short what, void *cookie)
{
    struct service *service = cookie;

    (void)what;
    log_info("stopping", "signal %d", (int)signal_number);
    pthread_mutex_lock(&service->lock);
    atomic_store(&service->stopping, true);
    pthread_cond_signal(&service->wake);
    pthread_mutex_unlock(&service->lock);
}

static void watch(evutil_socket_t fd, short what, void *cookie)
{
    struct service *service = cookie;

    (void)fd;
    (void)what;
    if (atomic_load(&service->ended))
        event_base_loopbreak(service->base);
}

static void *work_thread(void *cookie)
{
    struct service *service = cookie;

    service->status = service->work->run(service, service->work->cookie);
    atomic_store(&service->ready, false);
    atomic_store(&service->ended, true);
    return NULL;
}

static bool start_management(struct service *service)
{
    const struct descriptor_demand demand = {
        .own = OWN_DESCRIPTORS + service->work->descriptors,
        .management = HEALTH_CONNECTIONS,
    };
    struct descriptor_budget budget;
    struct http_server_config config;
    struct address address;

    if (!descriptor_budget_take(&demand, &budget))
        return false;
    if (!address_parse(service->work->management_listen, &address)) {
        log_error("bad_address", "--management-listen %s: give a numeric HOST:PORT",
                  service->work->management_listen);
        return false;
    }
    config = health_server_config(address.host, address.port, budget.management);
    service->management =
        http_server_new(service->base, &config, routes, sizeof routes / sizeof routes[0], service);
    if (!service->management)
        log_error("listen_failed", "--management-listen %s: %s", service->work->management_listen,
                  strerror(errno));
    return service->management;
}

/* Signals are the loop's: the thread starts with all of them blocked. */
static void start_thread(struct service *service)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    CHECK(pthread_create(&service->thread, NULL, work_thread, service) == 0, "no thread");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void serve(struct service *service)
{
    const struct timeval interval = {.tv_usec = WATCH_INTERVAL_MS * 1000};
    struct event *events[] = {
        evsignal_new(service->base, SIGTERM, stop, service),
        evsignal_new(service->base, SIGINT, stop, service),
        event_new(service->base, -1, EV_PERSIST, watch, service),
    };

    CHECK(events[0] && events[1] && events[2], "out of memory");
    event_add(events[0], NULL);
    event_add(events[1], NULL);
    event_add(events[2], &interval);
    start_thread(service);
    event_base_dispatch(service->base);
    pthread_join(service->thread, NULL);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        event_free(events[i]);
}

int service_run(const struct service_work *work)
{
    struct service service = {.work = work, .status = EX_CONFIG};

    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&service.lock, NULL);
    pthread_cond_init(&service.wake, NULL);
    service.base = event_base_new();
    CHECK(service.base, "no event loop");
    if (start_management(&service)) {
        serve(&service);
        http_server_free(service.management);
    }
    event_base_free(service.base);
    pthread_cond_destroy(&service.wake);
    pthread_mutex_destroy(&service.lock);
    log_info("stopped", "exit %d", service.status);
    return service.status;
}
