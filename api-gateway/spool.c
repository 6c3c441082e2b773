#include "api-gateway/spool.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/metrics/metrics.h"

#define EMPTY_TRUST_US 5000000

struct spool {
    uint32_t instance;
    int64_t max_rows;
    pthread_mutex_t lock;
    struct spool_mode mode; /* under lock */
    atomic_int state;       /* mode.state, for those who only look */
    atomic_llong empty_us;  /* when the last look that saw no row began */
    int64_t away_us;        /* under lock: when DIRECT ended */
    struct metric *in_state[SPOOL_HANDOVER + 1];
    struct metric *written;
    struct metric *moved;
    struct metric *rows;
    struct metric *oldest;
    struct metric *holding;
};

static void make_metrics(struct spool *spool)
{
    char labels[48];

    for (int state = SPOOL_DIRECT; state <= SPOOL_HANDOVER; state++) {
        snprintf(labels, sizeof labels, "state=\"%s\"", spool_state_name((enum spool_state)state));
        spool->in_state[state] = metric_gauge(
            "coupon_gateway_spool_state",
            "1 for where accepted requests go: direct to Kafka, or through MySQL.", labels);
    }
    spool->written = metric_counter("coupon_gateway_spool_written_total",
                                    "Requests kept in MySQL while Kafka was away.", NULL);
    spool->moved = metric_counter("coupon_gateway_spool_moved_total",
                                  "Requests that this gateway moved from MySQL to Kafka.", NULL);
    spool->rows = metric_gauge("coupon_gateway_spool_rows",
                               "Requests of all gateways that wait in MySQL.", NULL);
    spool->oldest = metric_gauge("coupon_gateway_spool_oldest_seconds",
                                 "How long the first of them has waited.", NULL);
    spool->holding = metric_gauge("coupon_gateway_spool_relay_holder",
                                  "1 on the gateway that moves them.", NULL);
}

static void show_state(struct spool *spool)
{
    for (int state = SPOOL_DIRECT; state <= SPOOL_HANDOVER; state++)
        metric_set(spool->in_state[state], state == (int)spool->mode.state);
    atomic_store(&spool->state, (int)spool->mode.state);
}

/* Lock held: before is what mode.state was. */
static void tell_change(struct spool *spool, enum spool_state before, const char *why)
{
    enum spool_state now = spool->mode.state;

    if (now == before)
        return;
    show_state(spool);
    if (before == SPOOL_DIRECT)
        spool->away_us = spool->mode.since_us;
    if (now == SPOOL_SPOOLING)
        log_warn("kafka_away", "%s; requests are kept in MySQL until it is back", why);
    else if (now == SPOOL_RELAYING && before == SPOOL_DIRECT)
        log_warn("spool_joined",
                 "requests of other gateways wait in MySQL; new ones go behind them");
    else if (now == SPOOL_RELAYING && before == SPOOL_SPOOLING)
        log_info("kafka_back", "new requests go behind those in MySQL until these are moved");
    else if (now == SPOOL_DIRECT)
        log_info("spool_left", "requests go straight to Kafka again, after %.1f s",
                 (double)(spool->mode.since_us - spool->away_us) / 1e6);
}

struct spool *spool_new(uint32_t instance, int64_t max_rows, bool rows_left)
{
    struct spool *spool = calloc(1, sizeof *spool);
    int64_t now_us = clock_monotonic_us();

    CHECK(spool, "out of memory");
    spool->instance = instance;
    spool->max_rows = max_rows;
    pthread_mutex_init(&spool->lock, NULL);
    spool_mode_init(&spool->mode, rows_left, now_us);
    spool->away_us = now_us;
    atomic_init(&spool->empty_us, now_us - EMPTY_TRUST_US);
    make_metrics(spool);
    show_state(spool);
    return spool;
}

void spool_free(struct spool *spool)
{
    if (!spool)
        return;
    pthread_mutex_destroy(&spool->lock);
    free(spool);
}

uint32_t spool_instance(const struct spool *spool)
{
    return spool->instance;
}

int64_t spool_max_rows(const struct spool *spool)
{
    return spool->max_rows;
}

enum spool_state spool_state(const struct spool *spool)
{
    return (enum spool_state)atomic_load_explicit(&spool->state, memory_order_acquire);
}

void spool_failed(struct spool *spool, const char *why)
{
    enum spool_state before;

    pthread_mutex_lock(&spool->lock);
    before = spool->mode.state;
    spool_mode_failed(&spool->mode, clock_monotonic_us());
    tell_change(spool, before, why);
    pthread_mutex_unlock(&spool->lock);
}

bool spool_write_begins(struct spool *spool)
{
    bool begins;

    pthread_mutex_lock(&spool->lock);
    begins = spool_mode_write_begins(&spool->mode);
    pthread_mutex_unlock(&spool->lock);
    return begins;
}

void spool_write_ended(struct spool *spool, size_t committed)
{
    pthread_mutex_lock(&spool->lock);
    spool_mode_write_ended(&spool->mode, committed > 0);
    pthread_mutex_unlock(&spool->lock);
    metric_add(spool->written, committed);
}

bool spool_seen_empty(const struct spool *spool, int64_t now_us)
{
    return now_us - atomic_load(&spool->empty_us) < EMPTY_TRUST_US;
}

bool spool_look_begins(struct spool *spool)
{
    bool quiet;

    pthread_mutex_lock(&spool->lock);
    quiet = spool_mode_quiet(&spool->mode);
    pthread_mutex_unlock(&spool->lock);
    return quiet;
}

void spool_looked(struct spool *spool, const struct spool_look *look, bool quiet, int64_t began_us)
{
    enum spool_state before;

    if (look) {
        metric_set(spool->rows, look->rows);
        metric_set(spool->oldest, look->oldest_us / 1000000);
        metric_set(spool->holding, look->held && look->holder == spool->instance);
        if (look->rows == 0)
            atomic_store(&spool->empty_us, began_us);
    }
    pthread_mutex_lock(&spool->lock);
    before = spool->mode.state;
    spool_mode_looked(&spool->mode, look, quiet, clock_monotonic_us());
    tell_change(spool, before, "");
    pthread_mutex_unlock(&spool->lock);
}

void spool_probed(struct spool *spool, bool answers)
{
    enum spool_state before;

    pthread_mutex_lock(&spool->lock);
    before = spool->mode.state;
    spool_mode_probed(&spool->mode, answers, clock_monotonic_us());
    tell_change(spool, before, "Kafka does not answer");
    pthread_mutex_unlock(&spool->lock);
}

void spool_moved(struct spool *spool, size_t rows)
{
    metric_add(spool->moved, rows);
}
