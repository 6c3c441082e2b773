#include "issue-worker/worker_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/metrics/metric_label.h"
#include "common/metrics/metrics.h"
#include "issue-worker/dead_letter.h"

#define OUTCOMES (ISSUE_OUTCOME_DEAD_LETTERED + 1)
#define METRIC_PARTITIONS 1024

/* Of one partition; made when it is first assigned. */
struct partition_metrics {
    struct metric *lag;
    struct metric *oldest;
    struct metric *missing_records;
    struct metric *missing_results;
};

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
    struct metric *phases[ISSUE_PHASES];
    struct metric *publish;
    struct metric *mysql_down;
    struct metric *reconciled;
    struct partition_metrics partitions[METRIC_PARTITIONS];
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

static void add_phases(struct worker_metrics *metrics)
{
    static const char *const labels[] = {
        [ISSUE_PHASE_READ] = "phase=\"read\"",
        [ISSUE_PHASE_DECIDE] = "phase=\"decide\"",
        [ISSUE_PHASE_WRITE] = "phase=\"write\"",
        [ISSUE_PHASE_COMMIT] = "phase=\"commit\"",
    };
    static const char name[] = "coupon_worker_phase_duration_seconds";
    static const char help[] = "What the time of a batch goes into.";

    for (int phase = ISSUE_PHASE_READ; phase < ISSUE_PHASES; phase++)
        metrics->phases[phase] =
            metric_histogram(name, help, labels[phase], seconds, COUNT(seconds));
    metrics->publish = metric_histogram(name, help, "phase=\"publish\"", seconds, COUNT(seconds));
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
    metrics->mysql_down = metric_gauge("coupon_worker_mysql_down",
                                       "1: MySQL could not do the last thing asked of it.", NULL);
    metrics->reconciled = metric_counter("coupon_worker_reconciled_records_total",
                                         "Decided records compared with the database.", NULL);
    add_phases(metrics);
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
                          const struct issue_attempt *attempt)
{
    int64_t duration_us = 0;
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
    for (int phase = ISSUE_PHASE_READ; phase < ISSUE_PHASES; phase++) {
        duration_us += attempt->phase_us[phase];
        metric_observe(metrics->phases[phase], (double)attempt->phase_us[phase] / 1e6);
    }
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

/* NULL: a number beyond those that are told. */
static struct partition_metrics *of_partition(struct worker_metrics *metrics, int32_t number)
{
    static const char difference[] = "coupon_worker_reconciliation_difference_records";
    static const char difference_help[] =
        "Records that are missing between two stages since the start; 0 when all is right.";
    struct partition_metrics *partition;
    struct strbuf labels = STRBUF_INIT;
    char text[12];

    if (number < 0 || number >= METRIC_PARTITIONS)
        return NULL;
    partition = &metrics->partitions[number];
    if (partition->lag)
        return partition;
    snprintf(text, sizeof text, "%" PRId32, number);
    metric_label_add(&labels, "topic", metrics->topic);
    metric_label_add(&labels, "group", metrics->group);
    metric_label_add(&labels, "partition", text);
    partition->lag =
        metric_gauge("coupon_worker_lag_records", "Records not yet decided.", labels.data);
    partition->oldest =
        metric_age("coupon_worker_oldest_undecided_age_seconds",
                   "Age of the oldest record not yet decided, by its timestamp.", labels.data);
    metric_label_add(&labels, "between", "accepted_decided");
    partition->missing_records = metric_gauge(difference, difference_help, labels.data);
    strbuf_clear(&labels);
    metric_label_add(&labels, "topic", metrics->topic);
    metric_label_add(&labels, "group", metrics->group);
    metric_label_add(&labels, "partition", text);
    metric_label_add(&labels, "between", "decided_stored");
    partition->missing_results = metric_gauge(difference, difference_help, labels.data);
    strbuf_free(&labels);
    return partition;
}

void worker_metrics_progress(struct worker_metrics *metrics, const struct issue_progress *progress)
{
    struct partition_metrics *partition = of_partition(metrics, progress->partition);

    if (!partition || progress->end_offset < 0 || progress->next_offset < 0)
        return;
    metric_set(partition->lag, progress->end_offset > progress->next_offset
                                   ? progress->end_offset - progress->next_offset
                                   : 0);
    if (progress->caught_up)
        metric_set(partition->oldest, 0);
}

void worker_metrics_oldest(struct worker_metrics *metrics, const struct issue_batch *batch)
{
    for (size_t i = 0; i < batch->span_count; i++) {
        const struct issue_span *span = &batch->spans[i];
        struct partition_metrics *partition = of_partition(metrics, span->partition);
        const struct issue_item *item = batch->items;

        while (item->record.partition != span->partition)
            item++;
        if (partition && item->record.timestamp_ms > 0)
            metric_set(partition->oldest, item->record.timestamp_ms);
    }
}

void worker_metrics_published(struct worker_metrics *metrics, int64_t duration_us)
{
    metric_observe(metrics->publish, (double)duration_us / 1e6);
}

void worker_metrics_mysql(struct worker_metrics *metrics, const struct issue_attempt *attempt)
{
    bool failed = attempt->end == ISSUE_END_FAILED;

    if (!failed || attempt->failure.source == ISSUE_FAILURE_DATABASE)
        metric_set(metrics->mysql_down, failed && attempt->failure.class == FAILURE_OUTAGE);
}

static void grow(struct metric *gauge, uint64_t amount)
{
    metric_set(gauge, (int64_t)(metric_value(gauge) + amount));
}

void worker_metrics_reconciled(struct worker_metrics *metrics, int32_t partition, uint64_t checked,
                               uint64_t missing_records, uint64_t missing_results)
{
    struct partition_metrics *of = of_partition(metrics, partition);

    metric_add(metrics->reconciled, checked);
    if (!of)
        return;
    grow(of->missing_records, missing_records);
    grow(of->missing_results, missing_results);
}

void worker_metrics_revoked(struct worker_metrics *metrics)
{
    for (size_t i = 0; i < METRIC_PARTITIONS; i++) {
        if (!metrics->partitions[i].lag)
            continue;
        metric_unset(metrics->partitions[i].lag);
        metric_unset(metrics->partitions[i].oldest);
    }
}
