#include "api-gateway/coupon_store.h"

#include <inttypes.h>

#include "common/mysql/coupon_row.h"

#define SELECT_COUPON "SELECT " COUPON_ROW_COLUMNS " FROM coupon WHERE coupon_id"

static void read_row(void *cookie, char **values, const unsigned long *lengths)
{
    coupon_row_read(values, lengths, cookie);
}

static enum sql_class read_coupon(struct sql_session *session, uint64_t coupon_id,
                                  const char *locking, struct coupon *coupon,
                                  struct sql_fault *fault)
{
    struct strbuf text = STRBUF_INIT;
    enum sql_class class;

    coupon->coupon_id = 0;
    strbuf_addf(&text, SELECT_COUPON "=%" PRIu64 "%s", coupon_id, locking);
    class = sql_session_query(session, text.data, text.len, read_row, coupon, fault);
    strbuf_free(&text);
    return class;
}

enum sql_class coupon_store_read(struct sql_session *session, uint64_t coupon_id,
                                 struct coupon *coupon, struct sql_fault *fault)
{
    return read_coupon(session, coupon_id, "", coupon, fault);
}

enum sql_class coupon_store_lock(struct sql_session *session, uint64_t coupon_id,
                                 struct coupon *coupon, struct sql_fault *fault)
{
    return read_coupon(session, coupon_id, " FOR UPDATE", coupon, fault);
}

struct listing {
    void (*each)(void *cookie, const struct coupon *coupon);
    void *cookie;
};

static void list_row(void *cookie, char **values, const unsigned long *lengths)
{
    const struct listing *listing = cookie;
    struct coupon coupon;

    coupon_row_read(values, lengths, &coupon);
    listing->each(listing->cookie, &coupon);
}

enum sql_class coupon_store_list(struct sql_session *session, const struct coupon_filter *filter,
                                 void (*each)(void *cookie, const struct coupon *coupon),
                                 void *cookie, struct sql_fault *fault)
{
    struct listing listing = {each, cookie};
    struct strbuf text = STRBUF_INIT;
    enum sql_class class;

    strbuf_addf(&text, SELECT_COUPON ">%" PRIu64, filter->after_id);
    if (!filter->any_status)
        strbuf_addf(&text, " AND status='%s'", coupon_status_name(filter->status));
    strbuf_addf(&text, " ORDER BY coupon_id LIMIT %u", filter->limit);
    class = sql_session_query(session, text.data, text.len, list_row, &listing, fault);
    strbuf_free(&text);
    return class;
}
