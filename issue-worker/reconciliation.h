#ifndef RECONCILIATION_H
#define RECONCILIATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "issue-worker/issue_batch.h"

#define RECONCILIATION_ROWS 1000 /* results of one window; what comes behind them is not in it */

/* Remembers, of one partition, a run of offsets without a hole between its batches, and what was
 * decided in it, to be compared with what the database holds. Pure data; free with
 * reconciliation_window_clear. */
struct reconciliation_window {
    bool full;
    int64_t from_offset; /* == to_offset: nothing in it */
    int64_t to_offset;
    uint64_t records;  /* decided */
    uint64_t rows;     /* that must be in coupon_issue_result */
    struct strbuf ids; /* of those rows, as an SQL list without brackets */
};

/* A batch was committed; take what it has of the window's partition. Another's decisions (records
 * that were skipped) and a jump end the run: the window begins anew behind them. A result
 * DEAD_LETTERED is not counted among the rows: a replay may take its place at any time. */
void reconciliation_take(struct reconciliation_window *window, const struct issue_batch *batch,
                         const struct issue_span *span);

/* The query that counts the window's rows: those with its ids, its partition and its offsets.
 * Appends to out; false: there are none to be counted. */
bool reconciliation_statement(const struct reconciliation_window *window, int32_t partition,
                              struct strbuf *out);

/* Offsets of the window that no record was delivered for. */
uint64_t reconciliation_missing_records(const struct reconciliation_window *window);

/* Begin anew behind it. */
void reconciliation_next(struct reconciliation_window *window);

/* Forget it; frees. */
void reconciliation_clear(struct reconciliation_window *window);

#endif
