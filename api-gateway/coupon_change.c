#include "api-gateway/coupon_change.h"

#include <inttypes.h>
#include <string.h>

#include "api-gateway/coupon_store.h"
#include "common/base/check.h"
#include "common/kafka/kafka_partition.h"

#define TRIES 3
#define CHANGED_BY "admin"

/* One change, and what its transaction works with. */
struct change {
    struct sql_session *session;
    const struct coupon_log *log;
    struct coupon *coupon; /* the row, once it was read */
    uint64_t coupon_id;
    enum coupon_status wanted;
    enum coupon_step *step;
    struct strbuf text; /* of the statement being made */
    struct sql_fault *fault;
};

static enum sql_class execute(struct change *change)
{
    return sql_session_execute(change->session, change->text.data, change->text.len, change->fault);
}

static enum sql_class execute_text(struct change *change, const char *text)
{
    return sql_session_execute(change->session, text, strlen(text), change->fault);
}

/* Run body in a transaction; whatever goes wrong, none of it stays. */
static enum sql_class transact(struct change *change, enum sql_class (*body)(struct change *change))
{
    enum sql_class class = SQL_TRANSIENT;

    for (int i = 0; i < TRIES && class == SQL_TRANSIENT; i++) {
        class = execute_text(change, "START TRANSACTION");
        if (class == SQL_OK)
            class = body(change);
        if (class == SQL_OK)
            class = execute_text(change, "COMMIT");
        if (class != SQL_OK)
            sql_session_rollback(change->session);
    }
    strbuf_free(&change->text);
    return class;
}

static void read_offset(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(int64_t *)cookie = sql_read_number(values[0], 0);
}

/* Append ",topic,partition,next_offset" of this moment. */
static enum sql_class add_place(struct change *change, struct strbuf *out)
{
    const struct coupon_log *log = change->log;
    int64_t next_offset = 0;
    int32_t partition;
    enum sql_class class;

    if (log->partitions == 0) {
        strbuf_add_text(out, ",NULL,NULL,NULL");
        return SQL_OK;
    }
    partition = kafka_partition_of_coupon(change->coupon_id, log->partitions);
    strbuf_clear(&change->text);
    strbuf_add_text(&change->text, "SELECT next_offset FROM consumer_fence WHERE topic=");
    sql_add_text(change->session, &change->text, log->topic, strlen(log->topic));
    strbuf_addf(&change->text, " AND partition_id=%" PRId32, partition);
    class = sql_session_query(change->session, change->text.data, change->text.len, read_offset,
                              &next_offset, change->fault);
    strbuf_add(out, ",", 1);
    sql_add_text(change->session, out, log->topic, strlen(log->topic));
    strbuf_addf(out, ",%" PRId32 ",%" PRId64, partition, next_offset);
    return class;
}

/* Note a change in the audit; old_value NULL: there was none. */
static enum sql_class add_audit(struct change *change, const char *action,
                                const struct strbuf *old_value, const struct strbuf *new_value)
{
    struct strbuf place = STRBUF_INIT;
    enum sql_class class = add_place(change, &place);

    strbuf_clear(&change->text);
    strbuf_addf(&change->text,
                "INSERT INTO coupon_change (coupon_id,changed_at,changed_by,action,old_value,"
                "new_value,topic,partition_id,next_offset) VALUES (%" PRIu64
                ",UTC_TIMESTAMP(3),'" CHANGED_BY "','%s',",
                change->coupon_id, action);
    if (old_value)
        sql_add_text(change->session, &change->text, old_value->data, old_value->len);
    else
        strbuf_add_text(&change->text, "NULL");
    strbuf_add(&change->text, ",", 1);
    sql_add_text(change->session, &change->text, new_value->data, new_value->len);
    strbuf_addf(&change->text, "%s)", place.data);
    strbuf_free(&place);
    return class == SQL_OK ? execute(change) : class;
}

/* Append a number, or NULL where it stands for none, and a comma. */
static void add_number(struct strbuf *out, int64_t number, int64_t none)
{
    if (number == none)
        strbuf_add_text(out, "NULL,");
    else
        strbuf_addf(out, "%" PRId64 ",", number);
}

static void add_time(struct strbuf *out, int64_t wall_ms)
{
    sql_add_time(out, wall_ms);
    strbuf_add(out, ",", 1);
}

static enum sql_class add_row(struct change *change)
{
    const struct coupon *coupon = change->coupon;
    struct strbuf *text = &change->text;

    strbuf_clear(text);
    strbuf_add_text(text, "INSERT INTO coupon (coupon_id,policy_id,name,discount_type,"
                          "discount_value,min_order_amount,max_discount_amount,total_stock,"
                          "per_user_limit,issue_starts_at,issue_ends_at,valid_until,"
                          "valid_for_seconds,status,created_at) VALUES (");
    add_number(text, (int64_t)coupon->coupon_id, 0);
    add_number(text, (int64_t)coupon->policy_id, 0);
    sql_add_text(change->session, text, coupon->name, strlen(coupon->name));
    strbuf_addf(text, ",'%s',%" PRId64 ",%" PRId64 ",", coupon_discount_name(coupon->discount_type),
                coupon->discount_value, coupon->min_order_amount);
    add_number(text, coupon->max_discount_amount, -1);
    strbuf_addf(text, "%" PRIu32 ",%" PRIu32 ",", coupon->total_stock, coupon->per_user_limit);
    add_time(text, coupon->issue_starts_at_ms);
    add_time(text, coupon->issue_ends_at_ms);
    add_time(text, coupon->valid_until_ms);
    add_number(text, coupon->valid_for_seconds, 0);
    strbuf_addf(text, "'%s',UTC_TIMESTAMP(3))", coupon_status_name(coupon->status));
    return execute(change);
}

static enum sql_class insert(struct change *change)
{
    struct coupon *coupon = change->coupon;
    const struct coupon wanted = *coupon;
    struct strbuf value = STRBUF_INIT;
    enum sql_class class = add_row(change);

    if (class != SQL_OK)
        return class;
    change->coupon_id = wanted.coupon_id ? wanted.coupon_id : sql_session_last_id(change->session);
    class = coupon_store_read(change->session, change->coupon_id, coupon, change->fault);
    if (class == SQL_OK) {
        CHECK(coupon->coupon_id == change->coupon_id, "coupon %" PRIu64 " was just inserted",
              change->coupon_id);
        coupon_encode(coupon, &value);
        class = add_audit(change, "CREATE", NULL, &value);
    }
    strbuf_free(&value);
    if (class != SQL_OK)
        *coupon = wanted; /* for the next try */
    return class;
}

enum sql_class coupon_change_insert(struct sql_session *session, const struct coupon_log *log,
                                    struct coupon *coupon, struct sql_fault *fault)
{
    struct change change = {.session = session, .log = log, .coupon = coupon, .fault = fault};

    return transact(&change, insert);
}

static void encode_status(const struct coupon *coupon, struct strbuf *out)
{
    strbuf_addf(out, "{\"status\":\"%s\",\"version\":%" PRIu32 "}",
                coupon_status_name(coupon->status), coupon->version);
}

static enum sql_class update_status(struct change *change)
{
    bool closing = change->wanted == COUPON_CLOSED;
    enum sql_class class;

    strbuf_clear(&change->text);
    strbuf_addf(&change->text,
                "UPDATE coupon SET status='%s',%sversion=version+1 WHERE coupon_id=%" PRIu64,
                coupon_status_name(change->wanted), closing ? "closed_at=UTC_TIMESTAMP(3)," : "",
                change->coupon_id);
    class = execute(change);
    if (class != SQL_OK)
        return class;
    return coupon_store_read(change->session, change->coupon_id, change->coupon, change->fault);
}

static const char *action_to(enum coupon_status status)
{
    switch (status) {
    case COUPON_OPEN:
        return "OPEN";
    case COUPON_PAUSED:
        return "PAUSE";
    case COUPON_CLOSED:
        return "CLOSE";
    case COUPON_DRAFT:
        break;
    }
    return "CREATE";
}

static enum sql_class set_status(struct change *change)
{
    struct strbuf old_value = STRBUF_INIT;
    struct strbuf new_value = STRBUF_INIT;
    enum sql_class class =
        coupon_store_lock(change->session, change->coupon_id, change->coupon, change->fault);

    *change->step = COUPON_STEP_NONE;
    if (class != SQL_OK || change->coupon->coupon_id == 0)
        return class;
    *change->step = coupon_transition(change->coupon->status, change->wanted);
    if (*change->step != COUPON_STEP_CHANGE)
        return SQL_OK;
    encode_status(change->coupon, &old_value);
    class = update_status(change);
    encode_status(change->coupon, &new_value);
    if (class == SQL_OK)
        class = add_audit(change, action_to(change->wanted), &old_value, &new_value);
    strbuf_free(&old_value);
    strbuf_free(&new_value);
    return class;
}

enum sql_class coupon_change_status(struct sql_session *session, const struct coupon_log *log,
                                    uint64_t coupon_id, enum coupon_status wanted,
                                    enum coupon_step *step, struct coupon *coupon,
                                    struct sql_fault *fault)
{
    struct change change = {
        .session = session,
        .log = log,
        .coupon = coupon,
        .coupon_id = coupon_id,
        .wanted = wanted,
        .step = step,
        .fault = fault,
    };

    return transact(&change, set_status);
}
