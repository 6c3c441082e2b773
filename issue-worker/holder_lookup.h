#ifndef HOLDER_LOOKUP_H
#define HOLDER_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/contract/coupon.h"
#include "common/mysql/sql_session.h"
#include "issue-worker/holder_filter.h"
#include "issue-worker/issue_batch.h"

/* Keeps the filters of holders true to the rows. Zero-initialise. A filter is used only in a
 * transaction that has the coupon locked and finds as many issued as the filter covers; so it says
 * what the rows would say, as long as the database does not go back in time: forget the filters
 * with each new connection, which may lead to a server that lost what another one had. */
struct holder_lookup {
    struct holder_filters filters;
    struct strbuf statement;
    struct holder_filter *filling; /* while rows are read into it */
    uint32_t filled;
};

void holder_lookup_free(struct holder_lookup *lookup);
void holder_lookup_forget(struct holder_lookup *lookup);

/* Bring the filter of a locked coupon nearer to its rows, where users, the number of the batch's
 * records that may get it, makes that worth while. Invalidates filters that were found before. */
enum sql_class holder_lookup_catch_up(struct holder_lookup *lookup, struct sql_session *session,
                                      const struct coupon *coupon, size_t users,
                                      struct sql_fault *fault);

/* The filter of a locked coupon; NULL: there is none that is true to its rows. */
const struct holder_filter *holder_lookup_find(struct holder_lookup *lookup,
                                               const struct coupon *coupon);

/* The transaction was committed, with issued as the coupon's new count: add the batch's winners.
 * After one that was not there is nothing to do; what it would have added is read from the rows. */
void holder_lookup_committed(struct holder_lookup *lookup, const struct coupon *coupon,
                             uint32_t issued, const struct issue_batch *batch);

#endif
