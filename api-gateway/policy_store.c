#include "api-gateway/policy_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/mysql/coupon_row.h"

static void read_policy(void *cookie, char **values, const unsigned long *lengths)
{
    struct policy_page *page = cookie;
    struct policy *policy;

    (void)lengths;
    page->policies = reallocarray(page->policies, page->count + 1, sizeof *page->policies);
    CHECK(page->policies, "out of memory");
    policy = &page->policies[page->count++];
    *policy = (struct policy){.policy_id = (uint64_t)sql_read_number(values[0], 0)};
    snprintf(policy->name, sizeof policy->name, "%s", values[1]);
}

static void read_window(void *cookie, char **values, const unsigned long *lengths)
{
    struct policy_page *page = cookie;
    struct policy *policy = page->policies;
    struct coupon coupon;

    coupon_row_read(values, lengths, &coupon);
    while (policy < page->policies + page->count && policy->policy_id != coupon.policy_id)
        policy++;
    if (policy == page->policies + page->count)
        return;
    policy->windows =
        reallocarray(policy->windows, policy->window_count + 1, sizeof *policy->windows);
    CHECK(policy->windows, "out of memory");
    policy->windows[policy->window_count++] = coupon;
}

static enum sql_class read_windows(struct sql_session *session, struct policy_page *page,
                                   struct sql_fault *fault)
{
    struct strbuf text = STRBUF_INIT;
    enum sql_class class;

    strbuf_add_text(&text, "SELECT " COUPON_ROW_COLUMNS " FROM coupon WHERE policy_id IN (");
    for (size_t i = 0; i < page->count; i++)
        strbuf_addf(&text, "%s%" PRIu64, i > 0 ? "," : "", page->policies[i].policy_id);
    strbuf_add_text(&text, ") ORDER BY policy_id,issue_starts_at,coupon_id");
    class = sql_session_query(session, text.data, text.len, read_window, page, fault);
    strbuf_free(&text);
    return class;
}

enum sql_class policy_store_read(struct sql_session *session, uint64_t first_id, unsigned int limit,
                                 struct policy_page *page, struct sql_fault *fault)
{
    struct strbuf text = STRBUF_INIT;
    enum sql_class class;

    *page = (struct policy_page){0};
    strbuf_addf(&text,
                "SELECT policy_id,name FROM coupon_policy WHERE policy_id>=%" PRIu64
                " ORDER BY policy_id LIMIT %u",
                first_id, limit);
    class = sql_session_query(session, text.data, text.len, read_policy, page, fault);
    strbuf_free(&text);
    if (class != SQL_OK || page->count == 0)
        return class;
    return read_windows(session, page, fault);
}

void policy_page_free(struct policy_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        policy_free(&page->policies[i]);
    free(page->policies);
    *page = (struct policy_page){0};
}
