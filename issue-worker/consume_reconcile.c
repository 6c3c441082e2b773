#include "issue-worker/consume_loop_parts.h"

#include <inttypes.h>

#include "common/base/clock.h"
#include "common/base/log.h"

void consume_remember(struct consume_loop *loop, const struct issue_batch *committed)
{
    if (loop->config->reconcile_interval_s == 0)
        return;
    for (size_t i = 0; i < committed->span_count; i++)
        if (committed->spans[i].partition < CONSUME_WINDOWS)
            reconciliation_take(&loop->windows[committed->spans[i].partition], committed,
                                &committed->spans[i]);
}

void consume_forget(struct consume_loop *loop)
{
    for (size_t i = 0; i < CONSUME_WINDOWS; i++)
        reconciliation_clear(&loop->windows[i]);
}

/* False: not known now; the window is kept. */
static bool reconcile(struct consume_loop *loop, int32_t partition,
                      struct reconciliation_window *window)
{
    struct strbuf statement = STRBUF_INIT;
    int64_t stored = 0;
    struct sql_fault fault;
    bool known = true;

    if (reconciliation_statement(window, partition, &statement))
        known = issue_transaction_count(loop->transaction, &statement, &stored, &fault);
    strbuf_free(&statement);
    if (!known)
        return false;
    if ((uint64_t)stored != window->rows)
        log_error("results_missing",
                  "partition %" PRId32 ", offsets %" PRId64 " to %" PRId64 ": %" PRIu64
                  " results were committed, and the database has %" PRId64 " of them",
                  partition, window->from_offset, window->to_offset, window->rows, stored);
    worker_metrics_reconciled(loop->metrics, partition, window->records,
                              reconciliation_missing_records(window),
                              window->rows - (uint64_t)stored);
    reconciliation_next(window);
    return true;
}

void consume_reconcile(struct consume_loop *loop)
{
    int64_t now_us = clock_monotonic_us();

    if (loop->config->reconcile_interval_s == 0 || now_us < loop->reconcile_us)
        return;
    loop->reconcile_us = now_us + loop->config->reconcile_interval_s * 1000000;
    for (int32_t i = 0; i < CONSUME_WINDOWS; i++)
        if (loop->windows[i].records > 0 && !reconcile(loop, i, &loop->windows[i]))
            return;
}
