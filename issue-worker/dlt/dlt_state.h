#ifndef DLT_STATE_H
#define DLT_STATE_H

#include <stdbool.h>

/* What became of a dead letter, from the rows about it in dead_letter_action. Pure. */
enum dlt_state {
    DLT_OPEN,
    DLT_UNFINISHED, /* a replay was begun, and whether it had its effect is not known: open too */
    DLT_REPLAYED,
    DLT_DISCARDED
};

/* One row: which action, did it end, and did it fail. */
struct dlt_action {
    bool is_replay; /* else it is a discard */
    bool ended;
    bool failed;
};

/* The state after one more row, rows in any order. What was replayed or discarded stays so. */
enum dlt_state dlt_state_after(enum dlt_state state, const struct dlt_action *action);

/* "open", "unfinished", "replayed", "discarded". */
const char *dlt_state_name(enum dlt_state state);

/* Can it still be replayed or discarded? */
bool dlt_state_is_open(enum dlt_state state);

#endif
