#ifndef RUN_REPORT_H
#define RUN_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_REPORT_STEPS_MAX 8

enum run_outcome {
    RUN_DONE,
    RUN_LIMIT,       /* --limit reached, more may be due */
    RUN_TIME_BUDGET, /* --time-budget reached, more may be due */
    RUN_BUSY,        /* another one runs */
    RUN_INTERRUPTED, /* by a signal */
    RUN_FAILED
};

/* "done", "limit", "time-budget", "busy", "interrupted", "failed". */
const char *run_outcome_name(enum run_outcome outcome);

/* What a run did. Plain data. */
struct run_report {
    enum run_outcome outcome;
    bool dry_run;
    int64_t as_of_ms; /* the run's instant on the database's clock; 0: it never asked */
    int64_t duration_us;
    uint64_t chunks;
    uint64_t retries; /* chunks that were done again */
    size_t step_count;
    struct run_report_step {
        const char *name;
        const char *key;
        uint64_t rows; /* changed; with dry_run: due */
    } steps[RUN_REPORT_STEPS_MAX];
};

struct strbuf;

/* Append the summary as one line of JSON:
 * {"program","outcome","dryRun","asOf",KEY:rows…,"chunks","retries","seconds"}. */
void run_report_encode(const struct run_report *report, struct strbuf *out);

/* Append the metrics in Prometheus' text format. */
void run_report_metrics(const struct run_report *report, struct strbuf *out);

/* Write the metrics to path, in one step, so that no reader sees half a file. False: errno says
 * why. */
bool run_report_save(const struct run_report *report, const char *path);

#endif
