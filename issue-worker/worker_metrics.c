#include "issue-worker/worker_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/metrics/metric_label.h"
#include "common/metrics/metrics.h"
#include "issue-worker/dead_letter.h"

#define OUTCOMES (ISSUE_OUTCOME_DEAD_LETTERED + 1)
#define LAG_PARTITIONS 1024

struct worker_metrics {
    char topic[256];
    char group[256];
    struct metric *decided[OUTCOMES];
    struct metric *repeated;
    struct metric *dead_letters;
    struct metric *transaction_seconds;
    struct metric *batch_records;
    struct metric *retries[FAILURE_CLASSES]; /* NULL: not counted */
    struct metric *pauses[FAILURE_CLASSES];
    struct metric *commits[ISSUE_COMMIT_FOUND_UNDONE + 1];
    struct metric *lag[LAG_PARTITIONS];
};

static const double seconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                 0.1,   0.25,   0.5,   1,    2.5,   5};
static const double records[] = {1, 10, 50, 100, 250, 500, 1000, 2500, 5000};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add_failures(struct worker_metrics *metrics)
{
    static const char *const commits[] = {
        [ISSUE_COMMIT_UNKNOWN] = "found=\"not_yet\"",
        [ISSUE_COMMIT_FOUND_DONE] = "found=\"done\"",
        [ISSUE_COMMIT_FOUND_UNDONE] = "found=\"undone\"",
    };
    char labels[64];

    for (int class = FAILURE_RECORD; class <= FAILURE_OUTAGE; class ++) {
        snprintf(labels, sizeof labels, "class=\"%s\"",
                 failure_class_name((enum failure_class) class));
        metrics->retries[class] = metric_counter(
            "coupon_worker_retries_total", "Failed attempts at a batch or a part of it.", labels);
        metrics->pauses[class] =
            metric_counter("coupon_worker_pauses_total", "How often fetching was paused.", labels);
    }
    for (int commit = ISSUE_COMMIT_UNKNOWN; commit <= ISSUE_COMMIT_FOUND_UNDONE; commit++)
        metrics->commits[commit] =
            metric_counter("coupon_worker_lost_commits_total",
                           "COMMITs whose answer was lost (not_yet), and what the fence said of "
                           "them later.",
                           commits[commit]);
}

struct worker_metrics *worker_metrics_new(const char *topic, const char *group)
{
    struct worker_metrics *metrics = calloc(1, sizeof *metrics);
    char labels[64];

    CHECK(metrics, "out of memory");
    snprintf(metrics->topic, sizeof metrics->topic, "%s", topic);
    snprintf(metrics->group, sizeof metrics->group, "%s", group);
    for (int outcome = ISSUE_OUTCOME_ISSUED; outcome < OUTCOMES; outcome++) {
        snprintf(labels, sizeof labels, "outcome=\"%s\"",
                 issue_outcome_name((enum issue_outcome)outcome));
        metrics->decided[outcome] =
            metric_counter("coupon_worker_decided_total", "Requests decided.", labels);
    }
    metrics->repeated =
        metric_counter("coupon_worker_repeated_total",
                       "Records that were decided before: redelivered or sent twice.", NULL);
    metrics->dead_letters =
        metric_counter("coupon_worker_dead_letters_total", "Records sent to the DLT.", NULL);
    metrics->transaction_seconds =
        metric_histogram("coupon_worker_transaction_duration_seconds",
                         "Time of a batch's transaction.", NULL, seconds, COUNT(seconds));
    metrics->batch_records = metric_histogram("coupon_worker_batch_records", "Records in a batch.",
                                              NULL, records, COUNT(records));
    add_failures(metrics);
    return metrics;
}

void worker_metrics_free(struct worker_metrics *metrics)
{
    free(metrics);
}

void worker_metrics_batch(struct worker_metrics *metrics, const struct issue_batch *batch,
                          int64_t duration_us)
{
    uint64_t decided[OUTCOMES] = {0};
    uint64_t repeated = 0;
    uint64_t dead_letters = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const struct issue_item *item = &batch->items[i];

        dead_letters += dead_letter_wanted(item);
        if (item->skipped || item->verdict.kind == ISSUE_VERDICT_REPEATED)
            repeated++;
        else if (item->verdict.kind != ISSUE_VERDICT_CONFLICT && item->request.request_id[0])
            decided[item->verdict.outcome]++;
    }
    for (int outcome = ISSUE_OUTCOME_ISSUED; outcome < OUTCOMES; outcome++)
        if (decided[outcome])
            metric_add(metrics->decided[outcome], decided[outcome]);
    metric_add(metrics->repeated, repeated);
    metric_add(metrics->dead_letters, dead_letters);
    metric_observe(metrics->transaction_seconds, (double)duration_us / 1e6);
    metric_observe(metrics->batch_records, (double)batch->count);
}

void worker_metrics_retry(struct worker_metrics *metrics, enum failure_class class)
{
    if (metrics->retries[class])
        metric_add(metrics->retries[class], 1);
}

void worker_metrics_pause(struct worker_metrics *metrics, enum failure_class class)
{
    if (metrics->pauses[class])
        metric_add(metrics->pauses[class], 1);
}

void worker_metrics_commit(struct worker_metrics *metrics, enum issue_commit commit)
{
    if (metrics->commits[commit])
        metric_add(metrics->commits[commit], 1);
}

void worker_metrics_lag(struct worker_metrics *metrics, const struct issue_progress *progress)
{
    struct strbuf labels = STRBUF_INIT;
    char partition[12];

    if (progress->partition >= LAG_PARTITIONS || progress->end_offset < 0 ||
        progress->next_offset < 0)
        return;
    if (!metrics->lag[progress->partition]) {
        snprintf(partition, sizeof partition, "%" PRId32, progress->partition);
        metric_label_add(&labels, "topic", metrics->topic);
        metric_label_add(&labels, "group", metrics->group);
        metric_label_add(&labels, "partition", partition);
        metrics->lag[progress->partition] =
            metric_gauge("coupon_worker_lag_records", "Records not yet decided.", labels.data);
        strbuf_free(&labels);
    }
    metric_set(metrics->lag[progress->partition], progress->end_offset > progress->next_offset
                                                      ? progress->end_offset - progress->next_offset
                                                      : 0);
}
