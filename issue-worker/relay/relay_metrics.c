#include "issue-worker/relay/relay_metrics.h"

#include <stdio.h>

#include "common/metrics/metrics.h"

static const double seconds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

void relay_metrics_init(struct relay_metrics *metrics)
{
    char labels[64];

    *metrics = (struct relay_metrics){
        .backlog = metric_gauge("coupon_outbox_backlog_events",
                                "Events that are not published yet, counted up to 100000.", NULL),
        .oldest = metric_gauge("coupon_outbox_oldest_age_milliseconds",
                               "For how long the first of them has waited; 0: none waits.", NULL),
        .active =
            metric_gauge("coupon_relay_active", "1: this relay is the one that publishes.", NULL),
        .takeovers = metric_counter("coupon_relay_takeovers_total",
                                    "How often this relay became the active one.", NULL),
        .published = metric_counter("coupon_relay_published_total",
                                    "Events published, each as often as it was.", NULL),
        .chunk_seconds =
            metric_histogram("coupon_relay_chunk_duration_seconds",
                             "Time from reading a chunk of events to its being published and "
                             "marked.",
                             NULL, seconds, sizeof seconds / sizeof seconds[0]),
    };
    for (int class = FAILURE_TRANSIENT; class <= FAILURE_OUTAGE; class ++) {
        snprintf(labels, sizeof labels, "class=\"%s\"",
                 failure_class_name((enum failure_class) class));
        metrics->failures[class] =
            metric_counter("coupon_relay_failures_total", "Failed attempts, by class.", labels);
    }
}

void relay_metrics_backlog(const struct relay_metrics *metrics,
                           const struct outbox_backlog *backlog)
{
    metric_set(metrics->backlog, backlog->events);
    metric_set(metrics->oldest, (backlog->oldest_us + 999) / 1000);
}

void relay_metrics_published(const struct relay_metrics *metrics, size_t events,
                             int64_t duration_us)
{
    metric_add(metrics->published, events);
    metric_observe(metrics->chunk_seconds, (double)duration_us / 1e6);
}

void relay_metrics_failed(const struct relay_metrics *metrics, enum failure_class class)
{
    if (metrics->failures[class])
        metric_add(metrics->failures[class], 1);
}

void relay_metrics_active(const struct relay_metrics *metrics, bool active)
{
    metric_set(metrics->active, active);
    metric_add(metrics->takeovers, active);
}
