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

/* A batch was committed. */
void worker_metrics_batch(struct worker_metrics *metrics, const struct issue_batch *batch,
                          const struct issue_attempt *attempt);

/* A batch is about to be tried: its first records are the oldest that are not decided. */
void worker_metrics_oldest(struct worker_metrics *metrics, const struct issue_batch *batch);

/* A batch was published in so much time. */
void worker_metrics_published(struct worker_metrics *metrics, int64_t duration_us);

/* An attempt ended: did the database take part? */
void worker_metrics_mysql(struct worker_metrics *metrics, const struct issue_attempt *attempt);

/* So many decided records of a partition were compared with the database: how many offsets no
 * record was delivered for, and how many results are not there. */
void worker_metrics_reconciled(struct worker_metrics *metrics, int32_t partition, uint64_t checked,
                               uint64_t missing_records, uint64_t missing_results);

/* The partitions were taken away: they are another's to tell of. */
void worker_metrics_revoked(struct worker_metrics *metrics);

/* An attempt failed with that class. */
void worker_metrics_retry(struct worker_metrics *metrics, enum failure_class class);

/* Fetching is paused because of that class. */
void worker_metrics_pause(struct worker_metrics *metrics, enum failure_class class);

/* The answer to a COMMIT was lost, or was found by the fence. */
void worker_metrics_commit(struct worker_metrics *metrics, enum issue_commit commit);

/* How far behind a partition is. */
void worker_metrics_progress(struct worker_metrics *metrics, const struct issue_progress *progress);

#endif
