#include "common/contract/policy_choice.h"

enum rank { OVER, COMING, OPEN };

static enum rank rank_of(const struct policy_window *window, int64_t at_ms)
{
    if (at_ms < window->starts_at_ms)
        return COMING;
    return at_ms < window->ends_at_ms ? OPEN : OVER;
}

bool policy_choice_better(const struct policy_window *a, const struct policy_window *b,
                          int64_t at_ms)
{
    enum rank a_rank = rank_of(a, at_ms);
    enum rank b_rank = rank_of(b, at_ms);

    if (a_rank != b_rank)
        return a_rank > b_rank;
    if (a->starts_at_ms == b->starts_at_ms)
        return a->coupon_id < b->coupon_id;
    return (a->starts_at_ms < b->starts_at_ms) == (a_rank == COMING);
}

const struct policy_window *policy_choice(const struct policy_window *windows, size_t count,
                                          int64_t at_ms)
{
    const struct policy_window *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (!best || policy_choice_better(&windows[i], best, at_ms))
            best = &windows[i];
    return best;
}
