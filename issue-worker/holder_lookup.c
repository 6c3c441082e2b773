#include "issue-worker/holder_lookup.h"

#include "issue-worker/issue_statements.h"

/* Rows are read into a filter when a batch has at least so many users of the coupon, and then at
 * most so many rows for each: reading a row costs about a tenth of looking a user up. */
#define USERS_MIN 100
#define ROWS_PER_USER 20

void holder_lookup_free(struct holder_lookup *lookup)
{
    holder_filters_clear(&lookup->filters);
    strbuf_free(&lookup->statement);
}

void holder_lookup_forget(struct holder_lookup *lookup)
{
    holder_filters_clear(&lookup->filters);
}

static void read_holder(void *cookie, char **values, const unsigned long *lengths)
{
    struct holder_lookup *lookup = cookie;

    (void)lengths;
    holder_filter_add(lookup->filling, (uint64_t)sql_read_number(values[0], 0));
    lookup->filled++;
}

enum sql_class holder_lookup_catch_up(struct holder_lookup *lookup, struct sql_session *session,
                                      const struct coupon *coupon, size_t users,
                                      struct sql_fault *fault)
{
    struct holder_filter *filter = holder_filters_find(&lookup->filters, coupon->coupon_id);
    uint32_t last = coupon->issued_count;
    enum sql_class class;
    uint32_t covered;

    if (users < USERS_MIN)
        return SQL_OK;
    if (!filter || holder_filter_covered(filter) > last ||
        holder_filter_capacity(filter) < coupon->total_stock)
        filter = holder_filters_make(&lookup->filters, coupon->coupon_id, coupon->total_stock);
    if (!filter)
        return SQL_OK;
    covered = holder_filter_covered(filter);
    if (last - covered > users * ROWS_PER_USER)
        last = covered + (uint32_t)users * ROWS_PER_USER;
    if (covered == last)
        return SQL_OK;
    lookup->filling = filter;
    lookup->filled = 0;
    issue_statement_holders(&lookup->statement, coupon->coupon_id, covered, last);
    class = sql_session_query(session, lookup->statement.data, lookup->statement.len, read_holder,
                              lookup, fault);
    /* With a row missing the filter would not be what it says; the rows are asked then. */
    if (class == SQL_OK && lookup->filled == last - covered)
        holder_filter_cover(filter, last);
    return class;
}

const struct holder_filter *holder_lookup_find(struct holder_lookup *lookup,
                                               const struct coupon *coupon)
{
    struct holder_filter *filter = holder_filters_find(&lookup->filters, coupon->coupon_id);

    return filter && holder_filter_covered(filter) == coupon->issued_count ? filter : NULL;
}

void holder_lookup_committed(struct holder_lookup *lookup, const struct coupon *coupon,
                             uint32_t issued, const struct issue_batch *batch)
{
    struct holder_filter *filter = holder_filters_find(&lookup->filters, coupon->coupon_id);

    if (!filter || issued == coupon->issued_count ||
        holder_filter_covered(filter) != coupon->issued_count)
        return;
    for (size_t i = 0; i < batch->count; i++) {
        const struct issue_item *item = &batch->items[i];

        if (issue_item_is_issued(item) && item->verdict.coupon_id == coupon->coupon_id)
            holder_filter_add(filter, item->request.user_id);
    }
    holder_filter_cover(filter, issued);
}
