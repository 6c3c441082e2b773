#include "expiry-batch/expiry_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "expiry-batch/expiry_step.h"
#include "expiry-batch/pruning_step.h"
#include "expiry-batch/run_progress.h"

#define TRIES 10
#define RETRY_MIN_MS 20
#define RETRY_MAX_MS 1000

static const struct expiry_step *const steps[] = {&coupon_closing, &user_coupon_expiry,
                                                  &result_pruning.step, &outbox_pruning.step,
                                                  &order_pruning.step};
#define STEPS (sizeof steps / sizeof steps[0])

_Static_assert(STEPS <= RUN_REPORT_STEPS_MAX, "room in the report");

struct run {
    const struct expiry_config *config;
    const volatile sig_atomic_t *stop;
    struct run_report *report;
    struct expiry_work work;
    struct run_progress progress;
    uint64_t rows; /* changed by all steps */
    int64_t began_us;
};

static void read_now(void *cookie, char **values, const unsigned long *lengths)
{
    struct expiry_work *work = cookie;

    snprintf(work->now, sizeof work->now, "'%.*s'", (int)lengths[0], values[0]);
    work->now_ms = sql_read_time(values[0], lengths[0], 0);
}

/* The instant by which everything of this run is judged: a run has an end, however long it takes.
 */
static enum sql_class ask_now(struct expiry_work *work)
{
    static const char text[] = "SELECT UTC_TIMESTAMP(3)";

    return sql_session_query(work->session, text, sizeof text - 1, read_now, work, &work->fault);
}

static void fail(struct run *run, const char *what)
{
    run_progress_clear(&run->progress);
    log_error("database_failed", "%s: error %u: %s; what was committed stays, the next run goes on",
              what, run->work.fault.code, run->work.fault.text);
    run->report->outcome = RUN_FAILED;
}

/* True: a limit is reached or a signal came; the report says which. */
static bool is_over(struct run *run)
{
    const struct expiry_config *config = run->config;

    if (*run->stop)
        run->report->outcome = RUN_INTERRUPTED;
    else if (config->limit > 0 && run->rows >= (uint64_t)config->limit)
        run->report->outcome = RUN_LIMIT;
    else if (config->time_budget_s > 0 &&
             clock_monotonic_us() - run->began_us >= config->time_budget_s * 1000000)
        run->report->outcome = RUN_TIME_BUDGET;
    else
        return false;
    return true;
}

static enum sql_class execute_text(struct expiry_work *work, const char *text)
{
    return sql_session_execute(work->session, text, strlen(text), &work->fault);
}

static enum sql_class try_chunk(struct run *run, const struct expiry_step *step, size_t *seen,
                                size_t *changed)
{
    struct expiry_work *work = &run->work;
    enum sql_class class = execute_text(work, "START TRANSACTION");

    if (class == SQL_OK)
        class = step->chunk(step, work, seen, changed);
    if (class == SQL_OK) {
        FAILPOINT("expiry_before_commit");
        class = execute_text(work, "COMMIT");
        FAILPOINT("expiry_after_commit");
    }
    if (class != SQL_OK)
        sql_session_rollback(work->session);
    return class;
}

static void rest(int try)
{
    int wait_ms = RETRY_MIN_MS << try;
    struct timespec pause = {0};

    if (wait_ms > RETRY_MAX_MS)
        wait_ms = RETRY_MAX_MS;
    wait_ms = wait_ms / 2 + (int)(random() % (wait_ms / 2 + 1));
    pause.tv_nsec = wait_ms * 1000000L % 1000000000L;
    nanosleep(&pause, NULL);
}

/* A chunk; where somebody else was in its way, again, unless the run is over meanwhile. */
static enum sql_class do_chunk(struct run *run, const struct expiry_step *step, size_t *seen,
                               size_t *changed)
{
    enum sql_class class = SQL_TRANSIENT;

    for (int try = 0; class == SQL_TRANSIENT && try < TRIES && (try == 0 || !is_over(run)); try++) {
        if (try > 0) {
            run->report->retries++;
            log_warn("chunk_again", "%s: error %u: %s", step->name, run->work.fault.code,
                     run->work.fault.text);
            rest(try);
        }
        class = try_chunk(run, step, seen, changed);
    }
    run->report->chunks++;
    return class;
}

static size_t next_chunk_rows(const struct run *run)
{
    uint64_t rows = (uint64_t)run->config->chunk_rows;
    uint64_t limit = (uint64_t)run->config->limit;

    if (limit > 0 && limit - run->rows < rows)
        rows = limit - run->rows;
    return (size_t)rows;
}

/* False: the run is over. */
static bool count_step(struct run *run, const struct expiry_step *step, int64_t *due)
{
    if (step->count(step, &run->work, due) == SQL_OK)
        return true;
    fail(run, step->name);
    return false;
}

/* False: the run is over. */
static bool do_step(struct run *run, const struct expiry_step *step, uint64_t *rows)
{
    int64_t due = 0;
    size_t seen, changed;

    /* Only somebody who watches is told how much there is: counting takes time. */
    if (run->progress.shown && !count_step(run, step, &due))
        return false;
    run_progress_step(&run->progress, step->name, due);
    strbuf_clear(&run->work.cursor);
    do {
        if (is_over(run))
            return false;
        run->work.rows_max = next_chunk_rows(run);
        if (do_chunk(run, step, &seen, &changed) != SQL_OK) {
            if (!is_over(run))
                fail(run, step->name);
            return false;
        }
        CHECK(changed <= seen && seen <= run->work.rows_max, "%zu changed of %zu of %zu", changed,
              seen, run->work.rows_max);
        run->rows += changed;
        *rows += changed;
        run_progress_rows(&run->progress, *rows);
    } while (seen == run->work.rows_max);
    return true;
}

static void do_steps(struct run *run)
{
    for (size_t i = 0; i < STEPS; i++) {
        struct run_report_step *told = &run->report->steps[i];
        int64_t due = 0;

        if (run->config->dry_run) {
            if (!count_step(run, steps[i], &due))
                return;
            told->rows = (uint64_t)due;
        } else if (!do_step(run, steps[i], &told->rows)) {
            return;
        }
    }
}

void expiry_run(const struct expiry_config *config, struct sql_session *session,
                const volatile sig_atomic_t *stop, struct run_report *report)
{
    struct run run = {.config = config, .stop = stop, .report = report};

    run.work.session = session;
    run.work.retention_s[RETENTION_OF_RESULTS] = config->result_retention_s;
    run.work.retention_s[RETENTION_OF_EVENTS] = config->outbox_retention_s;
    run.work.retention_s[RETENTION_OF_ORDERS] = config->order_retention_s;
    run.work.with_events = strcmp(config->events, "on") == 0;
    run.began_us = clock_monotonic_us();
    report->outcome = RUN_DONE;
    report->step_count = STEPS;
    for (size_t i = 0; i < STEPS; i++)
        report->steps[i] = (struct run_report_step){steps[i]->name, steps[i]->report_key, 0};
    run_progress_start(&run.progress, config->progress);
    if (ask_now(&run.work) != SQL_OK) {
        fail(&run, "asking for the time");
    } else {
        report->as_of_ms = run.work.now_ms;
        do_steps(&run);
    }
    run_progress_clear(&run.progress);
    strbuf_free(&run.work.cursor);
    strbuf_free(&run.work.text);
    strbuf_free(&run.work.events);
}
