#ifndef DLT_FILTER_H
#define DLT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "issue-worker/dlt/dlt_id.h"
#include "issue-worker/dlt/dlt_letter.h"
#include "issue-worker/dlt/dlt_state.h"

/* Which dead letters a command is about. Pure. */
struct dlt_filter {
    struct dlt_ids ids; /* none: any */
    uint64_t coupon_id; /* 0: any */
    const char *cause;  /* part of it, in any case of letters; NULL: any */
    int64_t since_ms;   /* when it became a dead letter: since ≤ time < until */
    int64_t until_ms;
};

/* A filter that takes every letter. */
struct dlt_filter dlt_filter_any(void);

/* Does it ask for less than everything? */
bool dlt_filter_is_narrow(const struct dlt_filter *filter);

bool dlt_filter_takes(const struct dlt_filter *filter, const struct dlt_letter *letter);

/* Does a --state of open, replayed, discarded or all take this one? */
bool dlt_filter_takes_state(const char *wanted, enum dlt_state state);

#endif
