#ifndef SQL_LEASE_H
#define SQL_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mysql/sql_session.h"

/* A row of table lease: work that one process at a time does, wherever it runs. A lease says who
 * should do the work, no more: a holder that was frozen goes on where it was when it wakes, so
 * whatever it changes must be fenced by itself. */
#define SQL_LEASE_HOLDER_SIZE 101

struct sql_lease {
    const char *name; /* of the work, [a-z-] */
    char holder[SQL_LEASE_HOLDER_SIZE];
    int64_t hold_ms;  /* for how long it is taken at a time */
    bool held;        /* what the last sql_lease_take saw */
    int64_t until_us; /* held: the holder may rely on it before that (clock_monotonic_us) */
};

/* Who we are: host, process, and what tells two with the same apart. name lives as long. */
void sql_lease_init(struct sql_lease *lease, const char *name, int64_t hold_ms);

/* Take it if nobody has it, or renew it; lease->held says whether it is ours now, and another
 * holder's name, if any, goes to other ("" otherwise). Not in a transaction. On anything but SQL_OK
 * held is false. */
enum sql_class sql_lease_take(struct sql_lease *lease, struct sql_session *session,
                              char other[SQL_LEASE_HOLDER_SIZE], struct sql_fault *fault);

/* May the holder still rely on it, and should it be renewed (half of the time is over)? */
bool sql_lease_valid(const struct sql_lease *lease);
bool sql_lease_due(const struct sql_lease *lease);

/* Give it back, so that another can take it at once. */
enum sql_class sql_lease_release(struct sql_lease *lease, struct sql_session *session,
                                 struct sql_fault *fault);

#endif
