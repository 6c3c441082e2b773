#ifndef ISSUE_LOOKUP_H
#define ISSUE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/mysql/sql_session.h"
#include "issue-worker/holder_lookup.h"
#include "issue-worker/issue_batch.h"
#include "issue-worker/issue_decision.h"
#include "issue-worker/issue_statements.h"

/* What a batch's decisions need to know from the database, read inside its transaction.
 * Zero-initialise; the arrays are kept from batch to batch, and the filters of holders. */
struct issue_fence {
    int32_t partition;
    int64_t next_offset;
};

struct issue_holding {
    uint64_t coupon_id;
    uint64_t user_id;
    uint32_t count;
    uint32_t last_seq;
};

struct issue_known {
    char request_id[REQUEST_ID_MAX + 1];
    uint64_t coupon_id;
    uint64_t user_id;
    bool failed; /* DEAD_LETTERED */
};

/* The records of a batch that may get a coupon. */
struct issue_wishes {
    size_t count;
    const struct holder_filter *filter; /* true to the coupon's locked row; NULL: none is */
};

struct issue_lookup {
    struct strbuf statement;
    int64_t now_ms;             /* the database's clock */
    struct issue_fence *fences; /* one a span of the batch, in its order */
    size_t fence_count, fence_capacity;
    struct coupon *coupons; /* locked; ids ascending */
    size_t coupon_count, coupon_capacity;
    struct issue_holding *holdings;
    size_t holding_count, holding_capacity;
    struct issue_known *known;
    size_t known_count, known_capacity;
    uint64_t *ids;
    size_t id_count, id_capacity;
    struct issue_pair *pairs; /* whose holdings were looked up */
    size_t pair_count, pair_capacity;
    struct issue_wishes *wishes; /* one a coupon */
    size_t wish_count, wish_capacity;
    struct holder_lookup holders;
};

void issue_lookup_free(struct issue_lookup *lookup);

/* Lock and read the fences of the batch's partitions, making rows that are missing. */
enum sql_class issue_lookup_fences(struct issue_lookup *lookup, struct sql_session *session,
                                   const char *topic, const struct issue_batch *batch,
                                   struct sql_fault *fault);

/* Lock the coupons and read holdings and, if careful or for a replay's sake, the requestIds that
 * are decided already. */
enum sql_class issue_lookup_batch(struct issue_lookup *lookup, struct sql_session *session,
                                  const struct issue_batch *batch, bool careful,
                                  struct sql_fault *fault);

/* Hand all of it to an empty decision. */
void issue_lookup_feed(const struct issue_lookup *lookup, struct issue_decision *decision);

/* The transaction was committed, with what was issued by the decision: remember the new holders. */
void issue_lookup_committed(struct issue_lookup *lookup, const struct issue_batch *batch,
                            const struct issue_decision *decision);

/* Forget what was remembered: the session is a new one, or a row was there that should not have
 * been. */
void issue_lookup_forget(struct issue_lookup *lookup);

/* Read fences without locking them; -1 where there is none. */
enum sql_class issue_lookup_next_offsets(struct sql_session *session, const char *topic,
                                         const int32_t *partitions, size_t count,
                                         int64_t *next_offsets, struct sql_fault *fault);

/* The same over a connection of its own, made and closed here. False: *fault says why not. */
bool issue_lookup_next_offsets_apart(const struct sql_options *options, const char *topic,
                                     const int32_t *partitions, size_t count, int64_t *next_offsets,
                                     struct sql_fault *fault);

#endif
