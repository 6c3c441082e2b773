#ifndef PUBLICATION_H
#define PUBLICATION_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/contract/broadcast.h"
#include "common/contract/issue_result.h"
#include "issue-worker/issue_batch.h"

/* What Redis and the gateways are told after a commit. Plain data, no I/O. */
struct publication {
    struct issue_result *results;
    size_t result_count;
    struct broadcast *broadcasts; /* sent in order, after the results are in place */
    size_t broadcast_count;
    size_t broadcast_capacity;
};

/* Free with publication_free. */
struct publication *publication_new(void);
void publication_free(struct publication *publication);

/* Add the results of a decided batch, once; times as of now_ms. One that is DEAD_LETTERED is left
 * to the database: a replay may turn it into a decision, and if Redis missed that, it would go on
 * saying what is no longer true. */
void publication_add_results(struct publication *publication, const struct issue_batch *batch,
                             int64_t now_ms);

void publication_add_progress(struct publication *publication, const char *topic, int32_t partition,
                              int64_t next_offset, bool caught_up);
void publication_add_sold_out(struct publication *publication, uint64_t coupon_id,
                              uint32_t total_stock);

/* Append the Redis commands (RESP) for the whole publication to out; returns how many. Results are
 * kept for ttl_s seconds. Protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
size_t publication_encode(const struct publication *publication, int64_t ttl_s, struct strbuf *out);

#endif
