#include "issue-worker/issue_attempt.h"

#include <stdio.h>

#include "common/base/clock.h"

void issue_attempt_fail(struct issue_attempt *attempt, enum failure_class class,
                        enum issue_failure_source source, const struct sql_fault *fault)
{
    const char *advice = sql_fault_advice(fault->code);

    attempt->end = ISSUE_END_FAILED;
    attempt->failure.class = class;
    attempt->failure.source = source;
    if (source == ISSUE_FAILURE_SCHEMA)
        snprintf(attempt->failure.text, sizeof attempt->failure.text, "%s", fault->text);
    else
        snprintf(attempt->failure.text, sizeof attempt->failure.text, "error %u %s: %s%s%s",
                 fault->code, sql_fault_name(fault->code), fault->text, advice ? "; " : "",
                 advice ? advice : "");
}

void lost_commit_note(struct lost_commit *lost, const struct issue_batch *batch)
{
    lost->open = true;
    lost->first = batch->spans[0];
}

enum issue_commit lost_commit_look(struct lost_commit *lost, const struct issue_batch *batch,
                                   size_t left)
{
    bool same = lost->open && lost->first.partition == batch->spans[0].partition &&
                lost->first.first_offset == batch->spans[0].first_offset;

    lost->open = false;
    if (!same)
        return ISSUE_COMMIT_ANSWERED;
    return left == 0 ? ISSUE_COMMIT_FOUND_DONE : ISSUE_COMMIT_FOUND_UNDONE;
}

int64_t issue_attempt_phase(struct issue_attempt *attempt, enum issue_phase phase, int64_t began_us)
{
    int64_t now_us = clock_monotonic_us();

    attempt->phase_us[phase] = now_us - began_us;
    return now_us;
}
