#include "issue-worker/issue_statements.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/mysql/coupon_row.h"
#include "common/mysql/sql_session.h"

/* A request id is of a set of characters that needs no escaping; request_id_valid saw to it. */
static void add_request_id(struct strbuf *out, const char *request_id)
{
    strbuf_add(out, "'", 1);
    strbuf_add_text(out, request_id);
    strbuf_add(out, "'", 1);
}

/* A time as SQL has it. Neighbours mostly have the same one, so the last text is kept. */
struct time_text {
    int64_t wall_ms;
    struct strbuf text;
};

static void add_time(struct strbuf *out, struct time_text *last, int64_t wall_ms)
{
    if (last->text.len == 0 || last->wall_ms != wall_ms) {
        strbuf_clear(&last->text);
        sql_add_time(&last->text, wall_ms);
        last->wall_ms = wall_ms;
    }
    strbuf_add(out, last->text.data, last->text.len);
}

static void add_id_or_null(struct strbuf *out, uint64_t id)
{
    if (id)
        strbuf_add_u64(out, id);
    else
        strbuf_add_text(out, "NULL");
}

static void add_fence_filter(struct strbuf *out, const char *topic, const struct issue_batch *batch)
{
    strbuf_addf(out, " WHERE topic='%s' AND partition_id", topic);
    if (batch->span_count == 1) { /* a look-up of one row, where a list of one is a range */
        strbuf_addf(out, "=%" PRId32, batch->spans[0].partition);
        return;
    }
    strbuf_add_text(out, " IN (");
    for (size_t i = 0; i < batch->span_count; i++)
        strbuf_addf(out, "%s%" PRId32, i ? "," : "", batch->spans[i].partition);
    strbuf_add_text(out, ")");
}

void issue_statement_lock_fences(struct strbuf *out, const char *topic,
                                 const struct issue_batch *batch)
{
    strbuf_clear(out);
    strbuf_add_text(out, "SELECT partition_id,next_offset,UTC_TIMESTAMP(3) FROM consumer_fence");
    add_fence_filter(out, topic, batch);
    strbuf_add_text(out, " ORDER BY partition_id FOR UPDATE");
}

void issue_statement_make_fences(struct strbuf *out, const char *topic,
                                 const struct issue_batch *batch)
{
    strbuf_clear(out);
    strbuf_add_text(
        out, "INSERT INTO consumer_fence (topic,partition_id,next_offset,updated_at) VALUES ");
    for (size_t i = 0; i < batch->span_count; i++)
        strbuf_addf(out, "%s('%s',%" PRId32 ",0,UTC_TIMESTAMP(3))", i ? "," : "", topic,
                    batch->spans[i].partition);
    strbuf_add_text(out, " ON DUPLICATE KEY UPDATE next_offset=next_offset");
}

void issue_statement_move_fences(struct strbuf *out, const char *topic,
                                 const struct issue_batch *batch)
{
    strbuf_clear(out);
    strbuf_add_text(out,
                    "UPDATE consumer_fence SET next_offset=GREATEST(next_offset,CASE partition_id");
    for (size_t i = 0; i < batch->span_count; i++)
        strbuf_addf(out, " WHEN %" PRId32 " THEN %" PRId64, batch->spans[i].partition,
                    batch->spans[i].next_offset);
    strbuf_add_text(out, " END),updated_at=UTC_TIMESTAMP(3)");
    add_fence_filter(out, topic, batch);
}

size_t issue_statement_known(struct strbuf *out, const struct issue_batch *batch)
{
    size_t count = 0;

    strbuf_clear(out);
    for (size_t i = 0; i < batch->count; i++) {
        const struct issue_item *item = &batch->items[i];

        if (item->skipped || !item->request.request_id[0])
            continue;
        if (count % ISSUE_STATEMENTS_IN_MAX == 0)
            strbuf_addf(out,
                        "%sSELECT request_id,coupon_id,user_id,outcome='DEAD_LETTERED' FROM "
                        "coupon_issue_result WHERE request_id IN (",
                        count ? ") UNION ALL " : "");
        else
            strbuf_add(out, ",", 1);
        add_request_id(out, item->request.request_id);
        count++;
    }
    if (count)
        strbuf_add(out, ")", 1);
    return count;
}

static void add_list(struct strbuf *out, const uint64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(out, i ? "," : "(");
        strbuf_add_u64(out, ids[i]);
    }
    strbuf_add(out, ")", 1);
}

void issue_statement_policy_coupons(struct strbuf *out, const uint64_t *policy_ids, size_t count)
{
    strbuf_clear(out);
    strbuf_add_text(out, "SELECT coupon_id FROM coupon WHERE policy_id IN ");
    add_list(out, policy_ids, count);
}

void issue_statement_lock_coupons(struct strbuf *out, const uint64_t *ids, size_t count)
{
    strbuf_clear(out);
    strbuf_add_text(out, "SELECT " COUPON_ROW_COLUMNS " FROM coupon WHERE coupon_id IN ");
    add_list(out, ids, count);
    strbuf_add_text(out, " ORDER BY coupon_id FOR UPDATE");
}

size_t issue_statement_holdings(struct strbuf *out, const struct issue_pair *pairs, size_t count)
{
    size_t in_list = 0;

    strbuf_clear(out);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || pairs[i].coupon_id != pairs[i - 1].coupon_id ||
            in_list == ISSUE_STATEMENTS_IN_MAX) {
            strbuf_addf(out,
                        "%sSELECT coupon_id,user_id,COUNT(*),MAX(user_seq) FROM user_coupon "
                        "FORCE INDEX (user_coupon_holding) WHERE coupon_id=%" PRIu64
                        " AND user_id IN (",
                        i ? ") GROUP BY coupon_id,user_id UNION ALL " : "", pairs[i].coupon_id);
            in_list = 0;
        } else {
            strbuf_add(out, ",", 1);
        }
        strbuf_add_u64(out, pairs[i].user_id);
        in_list++;
    }
    if (count)
        strbuf_add_text(out, ") GROUP BY coupon_id,user_id");
    return count;
}

void issue_statement_holders(struct strbuf *out, uint64_t coupon_id, uint32_t first, uint32_t last)
{
    strbuf_clear(out);
    strbuf_addf(out,
                "SELECT user_id FROM user_coupon WHERE coupon_id=%" PRIu64 " AND issue_no>%" PRIu32
                " AND issue_no<=%" PRIu32,
                coupon_id, first, last);
}

/* Winners of one coupon come in order of issue_no, which is the order of the primary key; those of
 * several coupons are taken coupon by coupon. */
static int compare_winners(const void *left, const void *right)
{
    const struct issue_verdict *a = &(*(const struct issue_item *const *)left)->verdict;
    const struct issue_verdict *b = &(*(const struct issue_item *const *)right)->verdict;

    if (a->coupon_id != b->coupon_id)
        return a->coupon_id < b->coupon_id ? -1 : 1;
    return a->issue_no < b->issue_no ? -1 : 1;
}

static int compare_request_ids(const void *left, const void *right)
{
    const struct issue_item *a = *(const struct issue_item *const *)left;
    const struct issue_item *b = *(const struct issue_item *const *)right;

    return strcmp(a->request.request_id, b->request.request_id);
}

/* The items that wanted() picks, in the order of compare; free() the array. */
static const struct issue_item **pick(const struct issue_batch *batch,
                                      bool (*wanted)(const struct issue_item *item),
                                      int (*compare)(const void *left, const void *right),
                                      size_t *count)
{
    const struct issue_item **picked =
        malloc((batch->count + 1) * sizeof(const struct issue_item *));

    CHECK(picked, "out of memory");
    *count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (wanted(&batch->items[i]))
            picked[(*count)++] = &batch->items[i];
    /* A gateway's ids grow with time, so mostly there is nothing to sort. */
    for (size_t i = 1; i < *count; i++) {
        if (compare(&picked[i - 1], &picked[i]) > 0) {
            qsort(picked, *count, sizeof(const struct issue_item *), compare);
            break;
        }
    }
    return picked;
}

static bool is_decided_replay(const struct issue_item *item)
{
    return !item->skipped && item->record.replayed && item->verdict.kind == ISSUE_VERDICT_DECIDED;
}

size_t issue_statement_delete_replayed(struct strbuf *out, const struct issue_batch *batch)
{
    size_t count;
    const struct issue_item **replayed =
        pick(batch, is_decided_replay, compare_request_ids, &count);

    strbuf_clear(out);
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(out, i ? "," : "DELETE FROM coupon_issue_result WHERE request_id IN (");
        add_request_id(out, replayed[i]->request.request_id);
    }
    if (count)
        strbuf_add_text(out, ") AND outcome='DEAD_LETTERED'");
    free(replayed);
    return count;
}

size_t issue_statement_insert_user_coupons(struct strbuf *out, const struct issue_batch *batch,
                                           int64_t now_ms)
{
    size_t count;
    const struct issue_item **winners = pick(batch, issue_item_is_issued, compare_winners, &count);
    struct time_text issued_at = {0};
    struct time_text expires_at = {0};

    strbuf_clear(out);
    if (count)
        strbuf_add_text(out, "INSERT INTO user_coupon "
                             "(coupon_id,issue_no,user_id,user_seq,issued_at,expires_at) VALUES ");
    for (size_t i = 0; i < count; i++) {
        const struct issue_verdict *verdict = &winners[i]->verdict;

        strbuf_add_text(out, i ? ",(" : "(");
        strbuf_add_u64(out, verdict->coupon_id);
        strbuf_add(out, ",", 1);
        strbuf_add_u64(out, verdict->issue_no);
        strbuf_add(out, ",", 1);
        strbuf_add_u64(out, winners[i]->request.user_id);
        strbuf_add(out, ",", 1);
        strbuf_add_u64(out, verdict->user_seq);
        strbuf_add(out, ",", 1);
        add_time(out, &issued_at, now_ms);
        strbuf_add(out, ",", 1);
        add_time(out, &expires_at, verdict->expires_at_ms);
        strbuf_add(out, ")", 1);
    }
    strbuf_free(&issued_at.text);
    strbuf_free(&expires_at.text);
    free(winners);
    return count;
}

size_t issue_statement_insert_results(struct strbuf *out, const struct issue_batch *batch,
                                      int64_t now_ms)
{
    size_t count;
    const struct issue_item **decided =
        pick(batch, issue_item_has_result, compare_request_ids, &count);
    struct time_text accepted_at = {0};
    struct time_text decided_at = {0};

    strbuf_clear(out);
    if (count)
        strbuf_add_text(out, "INSERT INTO coupon_issue_result (request_id,coupon_id,user_id,"
                             "partition_id,record_offset,outcome,issue_no,accepted_at,decided_at) "
                             "VALUES ");
    for (size_t i = 0; i < count; i++) {
        const struct issue_item *item = decided[i];
        int64_t accepted_at_ms = item->request.accepted_at_ms;

        strbuf_add_text(out, i ? ",(" : "(");
        add_request_id(out, item->request.request_id);
        strbuf_add(out, ",", 1);
        add_id_or_null(out, item->verdict.coupon_id);
        strbuf_add(out, ",", 1);
        add_id_or_null(out, item->request.user_id);
        strbuf_add(out, ",", 1);
        strbuf_add_u64(out, (uint64_t)item->record.partition);
        strbuf_add(out, ",", 1);
        strbuf_add_u64(out, (uint64_t)item->record.offset);
        strbuf_add_text(out, ",'");
        strbuf_add_text(out, issue_outcome_name(item->verdict.outcome));
        strbuf_add_text(out, "',");
        add_id_or_null(out, item->verdict.issue_no);
        strbuf_add(out, ",", 1);
        add_time(out, &accepted_at, item->fault == ISSUE_REQUEST_OK ? accepted_at_ms : now_ms);
        strbuf_add(out, ",", 1);
        add_time(out, &decided_at, now_ms);
        strbuf_add(out, ")", 1);
    }
    strbuf_free(&accepted_at.text);
    strbuf_free(&decided_at.text);
    free(decided);
    return count;
}

void issue_statement_update_coupons(struct strbuf *out, const struct issue_count *counts,
                                    size_t count)
{
    strbuf_clear(out);
    strbuf_add_text(out, "UPDATE coupon SET issued_count=CASE coupon_id");
    for (size_t i = 0; i < count; i++)
        strbuf_addf(out, " WHEN %" PRIu64 " THEN %" PRIu32, counts[i].coupon_id,
                    counts[i].issued_count);
    strbuf_add_text(out, " END WHERE coupon_id IN (");
    for (size_t i = 0; i < count; i++)
        strbuf_addf(out, "%s%" PRIu64, i ? "," : "", counts[i].coupon_id);
    strbuf_add_text(out, ")");
}
