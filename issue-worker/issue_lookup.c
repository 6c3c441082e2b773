#include "issue-worker/issue_lookup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/mysql/coupon_row.h"

/* Room for one more element behind count; the new element is not initialised. */
static void *grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? 2 * *capacity : 64;
    array = reallocarray(array, *capacity, size);
    CHECK(array, "out of memory");
    return array;
}

#define ADD(lookup, list, count, capacity)                                                         \
    ((lookup)->list =                                                                              \
         grow((lookup)->list, (lookup)->count, &(lookup)->capacity, sizeof *(lookup)->list),       \
     &(lookup)->list[(lookup)->count++])

void issue_lookup_free(struct issue_lookup *lookup)
{
    strbuf_free(&lookup->statement);
    free(lookup->fences);
    free(lookup->coupons);
    free(lookup->holdings);
    free(lookup->known);
    free(lookup->ids);
    free(lookup->pairs);
    free(lookup->wishes);
    holder_lookup_free(&lookup->holders);
}

static enum sql_class query(struct issue_lookup *lookup, struct sql_session *session, sql_row row,
                            struct sql_fault *fault)
{
    return sql_session_query(session, lookup->statement.data, lookup->statement.len, row, lookup,
                             fault);
}

static void read_fence(void *cookie, char **values, const unsigned long *lengths)
{
    struct issue_lookup *lookup = cookie;
    struct issue_fence *fence = ADD(lookup, fences, fence_count, fence_capacity);

    fence->partition = (int32_t)sql_read_number(values[0], 0);
    fence->next_offset = sql_read_number(values[1], 0);
    lookup->now_ms = sql_read_time(values[2], lengths[2], 0);
}

enum sql_class issue_lookup_fences(struct issue_lookup *lookup, struct sql_session *session,
                                   const char *topic, const struct issue_batch *batch,
                                   struct sql_fault *fault)
{
    enum sql_class class;

    lookup->fence_count = 0;
    issue_statement_lock_fences(&lookup->statement, topic, batch);
    class = query(lookup, session, read_fence, fault);
    if (class != SQL_OK || lookup->fence_count == batch->span_count)
        return class;

    issue_statement_make_fences(&lookup->statement, topic, batch);
    class = sql_session_execute(session, lookup->statement.data, lookup->statement.len, fault);
    if (class != SQL_OK)
        return class;
    lookup->fence_count = 0;
    issue_statement_lock_fences(&lookup->statement, topic, batch);
    class = query(lookup, session, read_fence, fault);
    CHECK(class != SQL_OK || lookup->fence_count == batch->span_count, "%zu fences for %zu spans",
          lookup->fence_count, batch->span_count);
    return class;
}

static void read_known(void *cookie, char **values, const unsigned long *lengths)
{
    struct issue_lookup *lookup = cookie;
    struct issue_known *known = ADD(lookup, known, known_count, known_capacity);

    CHECK(lengths[0] <= REQUEST_ID_MAX, "a requestId of %lu bytes", lengths[0]);
    memcpy(known->request_id, values[0], lengths[0] + 1);
    known->coupon_id = (uint64_t)sql_read_number(values[1], 0);
    known->user_id = (uint64_t)sql_read_number(values[2], 0);
    known->failed = sql_read_number(values[3], 0) != 0;
}

static void read_id(void *cookie, char **values, const unsigned long *lengths)
{
    struct issue_lookup *lookup = cookie;

    (void)lengths;
    *ADD(lookup, ids, id_count, id_capacity) = (uint64_t)sql_read_number(values[0], 0);
}

static void read_coupon(void *cookie, char **values, const unsigned long *lengths)
{
    struct issue_lookup *lookup = cookie;

    coupon_row_read(values, lengths, ADD(lookup, coupons, coupon_count, coupon_capacity));
}

static void read_holding(void *cookie, char **values, const unsigned long *lengths)
{
    struct issue_lookup *lookup = cookie;
    struct issue_holding *holding = ADD(lookup, holdings, holding_count, holding_capacity);

    (void)lengths;
    holding->coupon_id = (uint64_t)sql_read_number(values[0], 0);
    holding->user_id = (uint64_t)sql_read_number(values[1], 0);
    holding->count = (uint32_t)sql_read_number(values[2], 0);
    holding->last_seq = (uint32_t)sql_read_number(values[3], 0);
}

static int compare_ids(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

static int compare_pairs(const void *left, const void *right)
{
    const struct issue_pair *a = left;
    const struct issue_pair *b = right;

    if (a->coupon_id != b->coupon_id)
        return a->coupon_id < b->coupon_id ? -1 : 1;
    return a->user_id < b->user_id ? -1 : a->user_id > b->user_id;
}

static bool is_readable(const struct issue_item *item)
{
    return !item->skipped && item->fault == ISSUE_REQUEST_OK;
}

/* Sort lookup->ids and drop repeats. */
static void unite_ids(struct issue_lookup *lookup)
{
    size_t unique = 0;

    if (lookup->id_count > 1)
        qsort(lookup->ids, lookup->id_count, sizeof *lookup->ids, compare_ids);
    for (size_t i = 0; i < lookup->id_count; i++)
        if (i == 0 || lookup->ids[i] != lookup->ids[i - 1])
            lookup->ids[unique++] = lookup->ids[i];
    lookup->id_count = unique;
}

/* Neighbours mostly want the same, so that most repeats are left out at once. */
static void add_id(struct issue_lookup *lookup, uint64_t id)
{
    if (lookup->id_count == 0 || lookup->ids[lookup->id_count - 1] != id)
        *ADD(lookup, ids, id_count, id_capacity) = id;
}

/* lookup->ids become those of the coupons of the policies that the batch names. */
static enum sql_class find_policy_coupons(struct issue_lookup *lookup, struct sql_session *session,
                                          const struct issue_batch *batch, struct sql_fault *fault)
{
    lookup->id_count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (is_readable(&batch->items[i]) && !batch->items[i].request.coupon_id)
            add_id(lookup, batch->items[i].request.policy_id);
    if (lookup->id_count == 0)
        return SQL_OK;
    unite_ids(lookup);
    issue_statement_policy_coupons(&lookup->statement, lookup->ids, lookup->id_count);
    lookup->id_count = 0;
    return query(lookup, session, read_id, fault);
}

static enum sql_class lock_coupons(struct issue_lookup *lookup, struct sql_session *session,
                                   const struct issue_batch *batch, struct sql_fault *fault)
{
    enum sql_class class = find_policy_coupons(lookup, session, batch, fault);

    lookup->coupon_count = 0;
    if (class != SQL_OK)
        return class;
    for (size_t i = 0; i < batch->count; i++)
        if (is_readable(&batch->items[i]) && batch->items[i].request.coupon_id)
            add_id(lookup, batch->items[i].request.coupon_id);
    if (lookup->id_count == 0)
        return SQL_OK;
    unite_ids(lookup);
    issue_statement_lock_coupons(&lookup->statement, lookup->ids, lookup->id_count);
    return query(lookup, session, read_coupon, fault);
}

/* Where the coupon is among the locked ones; coupon_count: there is no such coupon. */
static size_t find_coupon(const struct issue_lookup *lookup, uint64_t coupon_id)
{
    size_t low = 0;
    size_t high = lookup->coupon_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (lookup->coupons[middle].coupon_id < coupon_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < lookup->coupon_count && lookup->coupons[low].coupon_id == coupon_id
               ? low
               : lookup->coupon_count;
}

/* Call visit for each record and each coupon that it may get. */
static void for_each_wish(struct issue_lookup *lookup, const struct issue_batch *batch,
                          void (*visit)(struct issue_lookup *lookup, size_t coupon,
                                        uint64_t user_id))
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct issue_request *request = &batch->items[i].request;

        if (!is_readable(&batch->items[i]))
            continue;
        if (request->coupon_id) {
            size_t coupon = find_coupon(lookup, request->coupon_id);

            if (coupon < lookup->coupon_count)
                visit(lookup, coupon, request->user_id);
            continue;
        }
        for (size_t coupon = 0; coupon < lookup->coupon_count; coupon++)
            if (lookup->coupons[coupon].policy_id == request->policy_id)
                visit(lookup, coupon, request->user_id);
    }
}

static void count_wish(struct issue_lookup *lookup, size_t coupon, uint64_t user_id)
{
    (void)user_id;
    lookup->wishes[coupon].count++;
}

static void add_pair_unless_stranger(struct issue_lookup *lookup, size_t coupon, uint64_t user_id)
{
    const struct holder_filter *filter = lookup->wishes[coupon].filter;

    if (!filter || holder_filter_may_hold(filter, user_id))
        *ADD(lookup, pairs, pair_count, pair_capacity) =
            (struct issue_pair){lookup->coupons[coupon].coupon_id, user_id};
}

/* Find out which filters can be trusted in this transaction. */
static enum sql_class prepare_filters(struct issue_lookup *lookup, struct sql_session *session,
                                      const struct issue_batch *batch, struct sql_fault *fault)
{
    lookup->wish_count = 0;
    for (size_t i = 0; i < lookup->coupon_count; i++)
        *ADD(lookup, wishes, wish_count, wish_capacity) = (struct issue_wishes){0};
    for_each_wish(lookup, batch, count_wish);
    for (size_t i = 0; i < lookup->coupon_count; i++) {
        enum sql_class class = holder_lookup_catch_up(
            &lookup->holders, session, &lookup->coupons[i], lookup->wishes[i].count, fault);

        if (class != SQL_OK)
            return class;
    }
    for (size_t i = 0; i < lookup->coupon_count; i++)
        lookup->wishes[i].filter = holder_lookup_find(&lookup->holders, &lookup->coupons[i]);
    return SQL_OK;
}

static enum sql_class read_holdings(struct issue_lookup *lookup, struct sql_session *session,
                                    const struct issue_batch *batch, struct sql_fault *fault)
{
    enum sql_class class;
    size_t unique = 0;

    lookup->pair_count = 0;
    lookup->holding_count = 0;
    class = prepare_filters(lookup, session, batch, fault);
    if (class != SQL_OK)
        return class;
    for_each_wish(lookup, batch, add_pair_unless_stranger);
    if (lookup->pair_count == 0)
        return SQL_OK;
    qsort(lookup->pairs, lookup->pair_count, sizeof *lookup->pairs, compare_pairs);
    for (size_t i = 0; i < lookup->pair_count; i++)
        if (i == 0 || compare_pairs(&lookup->pairs[i], &lookup->pairs[i - 1]) != 0)
            lookup->pairs[unique++] = lookup->pairs[i];
    lookup->pair_count = unique;
    issue_statement_holdings(&lookup->statement, lookup->pairs, lookup->pair_count);
    return query(lookup, session, read_holding, fault);
}

enum sql_class issue_lookup_batch(struct issue_lookup *lookup, struct sql_session *session,
                                  const struct issue_batch *batch, bool careful,
                                  struct sql_fault *fault)
{
    enum sql_class class = SQL_OK;

    lookup->known_count = 0;
    if ((careful || issue_batch_has_replay(batch)) &&
        issue_statement_known(&lookup->statement, batch) > 0)
        class = query(lookup, session, read_known, fault);
    if (class == SQL_OK)
        class = lock_coupons(lookup, session, batch, fault);
    if (class == SQL_OK)
        class = read_holdings(lookup, session, batch, fault);
    return class;
}

void issue_lookup_feed(const struct issue_lookup *lookup, struct issue_decision *decision)
{
    for (size_t i = 0; i < lookup->known_count; i++) {
        const struct issue_known *known = &lookup->known[i];

        if (known->failed)
            issue_decision_add_failed(decision, known->request_id, known->coupon_id,
                                      known->user_id);
        else
            issue_decision_add_known(decision, known->request_id, known->coupon_id, known->user_id);
    }
    for (size_t i = 0; i < lookup->coupon_count; i++)
        issue_decision_add_coupon(decision, &lookup->coupons[i]);
    for (size_t i = 0; i < lookup->holding_count; i++)
        issue_decision_add_holding(decision, lookup->holdings[i].coupon_id,
                                   lookup->holdings[i].user_id, lookup->holdings[i].count,
                                   lookup->holdings[i].last_seq);
}

void issue_lookup_committed(struct issue_lookup *lookup, const struct issue_batch *batch,
                            const struct issue_decision *decision)
{
    for (size_t i = 0; i < lookup->coupon_count; i++)
        holder_lookup_committed(&lookup->holders, &lookup->coupons[i],
                                issue_decision_issued_count(decision, lookup->coupons[i].coupon_id),
                                batch);
}

void issue_lookup_forget(struct issue_lookup *lookup)
{
    holder_lookup_forget(&lookup->holders);
}

struct offsets_read {
    const int32_t *partitions;
    size_t count;
    int64_t *next_offsets;
};

static void read_next_offset(void *cookie, char **values, const unsigned long *lengths)
{
    struct offsets_read *read = cookie;
    int64_t partition = sql_read_number(values[0], -1);

    (void)lengths;
    for (size_t i = 0; i < read->count; i++)
        if (read->partitions[i] == partition)
            read->next_offsets[i] = sql_read_number(values[1], -1);
}

enum sql_class issue_lookup_next_offsets(struct sql_session *session, const char *topic,
                                         const int32_t *partitions, size_t count,
                                         int64_t *next_offsets, struct sql_fault *fault)
{
    struct offsets_read read = {partitions, count, next_offsets};
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    for (size_t i = 0; i < count; i++)
        next_offsets[i] = -1;
    strbuf_addf(&statement, "SELECT partition_id,next_offset FROM consumer_fence WHERE topic='%s'",
                topic);
    class =
        sql_session_query(session, statement.data, statement.len, read_next_offset, &read, fault);
    strbuf_free(&statement);
    return class;
}

bool issue_lookup_next_offsets_apart(const struct sql_options *options, const char *topic,
                                     const int32_t *partitions, size_t count, int64_t *next_offsets,
                                     struct sql_fault *fault)
{
    struct sql_session *session = sql_session_open(options, fault);
    enum sql_class class;

    if (!session)
        return false;
    class = issue_lookup_next_offsets(session, topic, partitions, count, next_offsets, fault);
    sql_session_close(session);
    return class == SQL_OK;
}
