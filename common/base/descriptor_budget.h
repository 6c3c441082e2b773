#ifndef DESCRIPTOR_BUDGET_H
#define DESCRIPTOR_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/* How the file descriptors that a process may have are shared out, so that clients can never take
 * those by which it reaches its servers. */
struct descriptor_budget {
    size_t management; /* connections of the management listener */
    size_t clients;    /* connections of each other listener */
};

/* What a process wants. own: what it opens itself with one broker, its servers and listeners
 * included. */
struct descriptor_demand {
    size_t own;
    size_t management;
    size_t listeners;
    size_t clients; /* of each listener */
};

/* Divide limit. Beyond own, a sixteenth (4 to 512) is set aside: half for management, half for more
 * brokers. False: too few are left to serve anybody; *needed are. */
bool descriptor_budget_divide(size_t limit, const struct descriptor_demand *demand,
                              struct descriptor_budget *budget, size_t *needed);

/* Raise the process's limit (RLIMIT_NOFILE) as far as it may, and divide it. What does not fit is
 * logged: fewer connections than wanted as a warning; false, too few to start, as an error. */
bool descriptor_budget_take(const struct descriptor_demand *demand,
                            struct descriptor_budget *budget);

#endif
