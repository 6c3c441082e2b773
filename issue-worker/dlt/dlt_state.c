#include "issue-worker/dlt/dlt_state.h"

enum dlt_state dlt_state_after(enum dlt_state state, const struct dlt_action *action)
{
    if (!dlt_state_is_open(state) || action->failed)
        return state;
    if (!action->is_replay)
        return DLT_DISCARDED;
    return action->ended ? DLT_REPLAYED : DLT_UNFINISHED;
}

const char *dlt_state_name(enum dlt_state state)
{
    static const char *const names[] = {
        [DLT_OPEN] = "open",
        [DLT_UNFINISHED] = "unfinished",
        [DLT_REPLAYED] = "replayed",
        [DLT_DISCARDED] = "discarded",
    };

    return names[state];
}

bool dlt_state_is_open(enum dlt_state state)
{
    return state == DLT_OPEN || state == DLT_UNFINISHED;
}
