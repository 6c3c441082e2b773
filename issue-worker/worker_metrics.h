#ifndef WORKER_METRICS_H
#define WORKER_METRICS_H

#include <stdint.h>

#include "issue-worker/issue_batch.h"
#include "issue-worker/issue_consumer.h"
#include "issue-worker/issue_transaction.h"

/* The worker's series; see GET /metrics. */
struct worker_metrics;

struct worker_metrics *worker_metrics_new(const char *topic, const char *group);
void worker_metrics_free(struct worker_metrics *metrics);

/* A batch was committed after duration_us. */
void worker_metrics_batch(struct worker_metrics *metrics, const struct issue_batch *batch,
                          int64_t duration_us);

/* A batch has to be tried again. */
void worker_metrics_retry(struct worker_metrics *metrics, enum issue_transaction_end end);

/* How far behind a partition is. */
void worker_metrics_lag(struct worker_metrics *metrics, const struct issue_progress *progress);

#endif
