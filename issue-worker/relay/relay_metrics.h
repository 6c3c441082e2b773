#ifndef RELAY_METRICS_H
#define RELAY_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/failure/failure_class.h"
#include "issue-worker/relay/outbox_rows.h"

/* The relay's series; see GET /metrics. Make them once. */
struct relay_metrics {
    struct metric *backlog, *oldest, *active, *takeovers, *published, *chunk_seconds;
    struct metric *failures[FAILURE_CLASSES]; /* NULL: not counted */
};

void relay_metrics_init(struct relay_metrics *metrics);
void relay_metrics_backlog(const struct relay_metrics *metrics,
                           const struct outbox_backlog *backlog);
void relay_metrics_published(const struct relay_metrics *metrics, size_t events,
                             int64_t duration_us);
void relay_metrics_failed(const struct relay_metrics *metrics, enum failure_class class);

/* Taken or lost; a takeover is counted. */
void relay_metrics_active(const struct relay_metrics *metrics, bool active);

#endif
