#include "api-gateway/redis_notice.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/log.h"
#include "common/metrics/metrics.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t links_down; /* under lock */
static struct metric *down, *connects, *timeouts, *unsent;

static void register_metrics(void)
{
    down =
        metric_gauge("coupon_gateway_redis_links_down",
                     "Links to Redis that are lost; each loop has two, and management one.", NULL);
    connects = metric_counter("coupon_gateway_redis_connects_total",
                              "Connections to Redis that came to be used.", NULL);
    timeouts = metric_counter("coupon_gateway_redis_timeouts_total",
                              "Connections to Redis given up because it was too slow.", NULL);
    unsent =
        metric_counter("coupon_gateway_redis_unsent_total",
                       "Commands done without Redis, which was lost or had too many to do.", NULL);
}

/* Returns how many are down now. */
static int64_t count(int64_t by)
{
    int64_t now;

    pthread_once(&once, register_metrics);
    pthread_mutex_lock(&lock);
    now = links_down += by;
    metric_set(down, now);
    pthread_mutex_unlock(&lock);
    return now;
}

void redis_notice_down(const struct redis_address *address, const char *why)
{
    if (count(1) == 1)
        log_warn("redis_down", "%s:%d: %s; going on without, trying again", address->host,
                 (int)address->port, why);
}

void redis_notice_up(const struct redis_address *address, bool was_down)
{
    int64_t left = count(was_down ? -1 : 0);

    metric_add(connects, 1);
    if (was_down && left == 0)
        log_info("redis_up", "%s:%d: all links are back", address->host, (int)address->port);
}

void redis_notice_freed(void)
{
    count(-1);
}

void redis_notice_timeout(void)
{
    pthread_once(&once, register_metrics);
    metric_add(timeouts, 1);
}

void redis_notice_unsent(void)
{
    pthread_once(&once, register_metrics);
    metric_add(unsent, 1);
}
