#ifndef POLICY_CHOICE_H
#define POLICY_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which window of a policy a request is for; one rule for gateways and workers. Pure. */
struct policy_window {
    uint64_t coupon_id;
    int64_t starts_at_ms;
    int64_t ends_at_ms; /* half-open; COUPON_NEVER_MS: no end */
};

/* True: for a request made at that instant a is the better choice than b. The window that holds the
 * instant; else the next one to start; else the one that started last, so that the answer is
 * NOT_STARTED or ENDED. Ties go to the smaller id. */
bool policy_choice_better(const struct policy_window *a, const struct policy_window *b,
                          int64_t at_ms);

/* The best of them; NULL where there is none. */
const struct policy_window *policy_choice(const struct policy_window *windows, size_t count,
                                          int64_t at_ms);

#endif
