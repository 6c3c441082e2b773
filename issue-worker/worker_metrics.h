#ifndef WORKER_METRICS_H
#define WORKER_METRICS_H

#include <stdint.h>

#include "issue-worker/issue_batch.h"
#include "issue-worker/issue_consumer.h"
#include "issue-worker/issue_attempt.h"

/* The worker's series; see GET /metrics. */
struct worker_metrics;

struct worker_metrics *worker_metrics_new(const char *topic, const char *group);
void worker_metrics_free(struct worker_metrics *metrics);

/* A batch was committed after duration_us. */
void worker_metrics_batch(struct worker_metrics *metrics, const struct issue_batch *batch,
                          int64_t duration_us);

/* An attempt failed with that class. */
void worker_metrics_retry(struct worker_metrics *metrics, enum failure_class class);

/* Fetching is paused because of that class. */
void worker_metrics_pause(struct worker_metrics *metrics, enum failure_class class);

/* The answer to a COMMIT was lost, or was found by the fence. */
void worker_metrics_commit(struct worker_metrics *metrics, enum issue_commit commit);

/* How far behind a partition is. */
void worker_metrics_lag(struct worker_metrics *metrics, const struct issue_progress *progress);

#endif
