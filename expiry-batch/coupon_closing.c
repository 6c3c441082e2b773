#include <inttypes.h>

#include "common/base/failpoint.h"
#include "expiry-batch/expiry_step.h"

/* Coupons whose window is over become CLOSED, as of the end of the window: requests accepted before
 * it that are still in the log are decided as if nothing had happened, and those after it were
 * ENDED anyway. So the place in the log at which the change falls does not matter and is left open
 * in the audit. */

static void add_due(struct expiry_work *work)
{
    strbuf_addf(&work->text, " WHERE status IN ('OPEN','PAUSED') AND issue_ends_at<=%s", work->now);
}

static enum sql_class count(const struct expiry_step *step, struct expiry_work *work, int64_t *due)
{
    (void)step;
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT COUNT(*) FROM coupon");
    add_due(work);
    return expiry_work_number(work, due);
}

struct closing {
    struct strbuf ids; /* "1,2,3" */
    size_t count;
    uint64_t last;
};

static void read_coupon(void *cookie, char **values, const unsigned long *lengths)
{
    struct closing *closing = cookie;

    closing->last = (uint64_t)sql_read_number(values[0], 0);
    if (closing->count++ > 0)
        strbuf_add(&closing->ids, ",", 1);
    strbuf_add(&closing->ids, values[0], lengths[0]);
}

static enum sql_class lock_due(struct expiry_work *work, struct closing *closing)
{
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, "SELECT coupon_id FROM coupon");
    add_due(work);
    strbuf_addf(&work->text, "%s ORDER BY coupon_id LIMIT %zu FOR UPDATE",
                work->cursor.len ? work->cursor.data : "", work->rows_max);
    return sql_session_query(work->session, work->text.data, work->text.len, read_coupon, closing,
                             &work->fault);
}

static enum sql_class add_audit(struct expiry_work *work, const struct closing *closing)
{
    strbuf_clear(&work->text);
    strbuf_addf(&work->text,
                "INSERT INTO coupon_change (coupon_id,changed_at,changed_by,action,old_value,"
                "new_value) SELECT coupon_id,UTC_TIMESTAMP(3),'expiry-batch','CLOSE',"
                "CONCAT('{\"status\":\"',status,'\",\"version\":',version,'}'),"
                "CONCAT('{\"status\":\"CLOSED\",\"version\":',version+1,'}') "
                "FROM coupon WHERE coupon_id IN (%s)",
                closing->ids.data);
    return expiry_work_execute(work);
}

static enum sql_class close_coupons(struct expiry_work *work, const struct closing *closing)
{
    strbuf_clear(&work->text);
    strbuf_addf(&work->text,
                "UPDATE coupon SET status='CLOSED',closed_at=issue_ends_at,version=version+1 "
                "WHERE coupon_id IN (%s)",
                closing->ids.data);
    return expiry_work_execute(work);
}

static enum sql_class chunk(const struct expiry_step *step, struct expiry_work *work, size_t *seen,
                            size_t *changed)
{
    struct closing closing = {STRBUF_INIT, 0, 0};
    enum sql_class class = lock_due(work, &closing);

    (void)step;
    *changed = 0;
    *seen = closing.count;
    if (class == SQL_OK && closing.count > 0)
        class = add_audit(work, &closing);
    if (class == SQL_OK && closing.count > 0) {
        FAILPOINT("expiry_between_statements");
        class = close_coupons(work, &closing);
        *changed = (size_t)sql_session_changed_rows(work->session);
    }
    if (class == SQL_OK && closing.count > 0) {
        strbuf_clear(&work->cursor);
        strbuf_addf(&work->cursor, " AND coupon_id>%" PRIu64, closing.last);
    }
    strbuf_free(&closing.ids);
    return class;
}

const struct expiry_step coupon_closing = {"close-coupons", "couponsClosed", count, chunk};
