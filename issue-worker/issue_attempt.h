#ifndef ISSUE_ATTEMPT_H
#define ISSUE_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/failure/failure_class.h"
#include "common/mysql/sql_fault.h"
#include "issue-worker/issue_batch.h"

/* What came of trying to decide a batch. Plain data, no I/O. */
enum issue_end {
    ISSUE_END_DONE,  /* committed, or all of it was decided before */
    ISSUE_END_GAP,   /* a span begins behind the fence though reading did not begin at it */
    ISSUE_END_FAILED /* see failure */
};

enum issue_failure_source {
    ISSUE_FAILURE_DATABASE,
    ISSUE_FAILURE_DEAD_LETTERS,
    ISSUE_FAILURE_SCHEMA
};

/* What is known of a COMMIT whose answer was lost: nothing at first; then the fence, which moves
 * with it or not at all, is read at the next attempt. */
enum issue_commit {
    ISSUE_COMMIT_ANSWERED,
    ISSUE_COMMIT_UNKNOWN,
    ISSUE_COMMIT_FOUND_DONE,
    ISSUE_COMMIT_FOUND_UNDONE
};

/* What the time of a transaction goes into. Of one that failed, the phases behind the failure are
 * 0. */
enum issue_phase {
    ISSUE_PHASE_READ,   /* fences, known requests, coupons, holdings */
    ISSUE_PHASE_DECIDE, /* no I/O */
    ISSUE_PHASE_WRITE,  /* rows and dead letters; the batch before is published meanwhile */
    ISSUE_PHASE_COMMIT
};
#define ISSUE_PHASES (ISSUE_PHASE_COMMIT + 1)

struct issue_attempt {
    int64_t phase_us[ISSUE_PHASES];
    enum issue_end end;
    int64_t now_ms; /* DONE: the database's time of the decision */
    enum issue_commit commit;
    struct { /* GAP: the text alone */
        enum failure_class class;
        enum issue_failure_source source;
        char text[512]; /* for logs: what happened, and what to do where that helps */
    } failure;
};

/* A phase that began at began_us (monotonic) ends now; gives back the instant at which the next one
 * begins. */
int64_t issue_attempt_phase(struct issue_attempt *attempt, enum issue_phase phase,
                            int64_t began_us);

/* The attempt failed, by the database's fault. */
void issue_attempt_fail(struct issue_attempt *attempt, enum failure_class class,
                        enum issue_failure_source source, const struct sql_fault *fault);

/* Remembers the batch whose COMMIT was not answered. Zero-initialise. */
struct lost_commit {
    bool open;
    struct issue_span first; /* the batch's first span */
};

void lost_commit_note(struct lost_commit *lost, const struct issue_batch *batch);

/* The fences of a batch were read, and left of its records are not below them. */
enum issue_commit lost_commit_look(struct lost_commit *lost, const struct issue_batch *batch,
                                   size_t left);

#endif
