#include "api-gateway/coupon_change.h"

#include <inttypes.h>
#include <string.h>

#include "api-gateway/coupon_store.h"
#include "api-gateway/coupon_window.h"
#include "common/base/check.h"
#include "common/base/container_of.h"

struct changing {
    struct coupon_transaction transaction;
    struct coupon_change *change;
};

static struct coupon_change *change_of(struct coupon_transaction *transaction)
{
    return CONTAINER_OF(transaction, struct changing, transaction)->change;
}

/* Lock the row and look whether it is the one that the client means; if so *go_on. */
static enum sql_class lock(struct coupon_transaction *transaction, bool *go_on)
{
    struct coupon_change *change = change_of(transaction);
    enum sql_class class = coupon_store_lock(transaction->session, change->coupon_id,
                                             &change->coupon, transaction->fault);

    *go_on = false;
    change->end = COUPON_CHANGE_DONE;
    if (class != SQL_OK)
        return class;
    if (change->coupon.coupon_id == 0)
        change->end = COUPON_CHANGE_UNKNOWN;
    else if (!if_match_fits(&change->if_match, change->coupon.version))
        change->end = COUPON_CHANGE_STALE;
    else
        *go_on = true;
    return SQL_OK;
}

static enum sql_class read_back(struct coupon_transaction *transaction)
{
    struct coupon_change *change = change_of(transaction);
    enum sql_class class = coupon_store_read(transaction->session, change->coupon_id,
                                             &change->coupon, transaction->fault);

    CHECK(class != SQL_OK || change->coupon.coupon_id == change->coupon_id,
          "coupon %" PRIu64 " was just locked", change->coupon_id);
    return class;
}

static enum sql_class run(struct sql_session *session, const struct coupon_log *log,
                          struct coupon_change *change, struct sql_fault *fault,
                          enum sql_class (*body)(struct coupon_transaction *transaction))
{
    struct changing changing = {
        .transaction = {.session = session, .log = log, .fault = fault},
        .change = change,
    };

    return coupon_transaction_run(&changing.transaction, body);
}

static void encode_status(const struct coupon *coupon, struct strbuf *out)
{
    strbuf_addf(out, "{\"status\":\"%s\",\"version\":%" PRIu32 "}",
                coupon_status_name(coupon->status), coupon->version);
}

static enum sql_class update_status(struct coupon_transaction *transaction,
                                    const struct coupon_change *change)
{
    bool closing = change->wanted == COUPON_CLOSED;

    strbuf_clear(&transaction->text);
    strbuf_addf(&transaction->text,
                "UPDATE coupon SET status='%s',%sversion=version+1 WHERE coupon_id=%" PRIu64,
                coupon_status_name(change->wanted), closing ? "closed_at=UTC_TIMESTAMP(3)," : "",
                change->coupon_id);
    return coupon_transaction_execute(transaction);
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

static enum coupon_change_end end_of_step(enum coupon_step step)
{
    switch (step) {
    case COUPON_STEP_CHANGE:
        return COUPON_CHANGE_DONE;
    case COUPON_STEP_NONE:
        return COUPON_CHANGE_NONE;
    case COUPON_STEP_CLOSED:
        return COUPON_CHANGE_CLOSED;
    case COUPON_STEP_NOT_OPEN:
        break;
    }
    return COUPON_CHANGE_NOT_OPEN;
}

static enum sql_class set_status(struct coupon_transaction *transaction)
{
    struct coupon_change *change = change_of(transaction);
    struct strbuf old_value = STRBUF_INIT;
    struct strbuf new_value = STRBUF_INIT;
    bool go_on = false;
    enum sql_class class = lock(transaction, &go_on);

    if (class != SQL_OK || !go_on)
        return class;
    change->end = end_of_step(coupon_transition(change->coupon.status, change->wanted));
    if (change->end != COUPON_CHANGE_DONE)
        return SQL_OK;
    encode_status(&change->coupon, &old_value);
    class = update_status(transaction, change);
    if (class == SQL_OK)
        class = read_back(transaction);
    encode_status(&change->coupon, &new_value);
    if (class == SQL_OK)
        class = coupon_transaction_audit(transaction, change->coupon_id, action_to(change->wanted),
                                         &old_value, &new_value);
    strbuf_free(&old_value);
    strbuf_free(&new_value);
    return class;
}

enum sql_class coupon_change_status(struct sql_session *session, const struct coupon_log *log,
                                    struct coupon_change *change, struct sql_fault *fault)
{
    return run(session, log, change, fault, set_status);
}

static enum coupon_change_end end_of_patch(enum coupon_patch_end end)
{
    switch (end) {
    case COUPON_PATCH_CHANGE:
        return COUPON_CHANGE_DONE;
    case COUPON_PATCH_NONE:
        return COUPON_CHANGE_NONE;
    case COUPON_PATCH_CLOSED:
        return COUPON_CHANGE_CLOSED;
    case COUPON_PATCH_BELOW_ISSUED:
        return COUPON_CHANGE_BELOW_ISSUED;
    case COUPON_PATCH_GIVEN_OUT:
        return COUPON_CHANGE_GIVEN_OUT;
    case COUPON_PATCH_UNFIT:
        break;
    }
    return COUPON_CHANGE_UNFIT;
}

static void add_number(struct strbuf *out, const char *column, int64_t number, int64_t none)
{
    if (number == none)
        strbuf_addf(out, ",%s=NULL", column);
    else
        strbuf_addf(out, ",%s=%" PRId64, column, number);
}

static void add_time(struct strbuf *out, const char *column, int64_t wall_ms)
{
    strbuf_addf(out, ",%s=", column);
    sql_add_time(out, wall_ms);
}

static enum sql_class update_members(struct coupon_transaction *transaction,
                                     const struct coupon *coupon)
{
    struct strbuf *text = &transaction->text;

    strbuf_clear(text);
    strbuf_add_text(text, "UPDATE coupon SET version=version+1,name=");
    sql_add_text(transaction->session, text, coupon->name, strlen(coupon->name));
    strbuf_addf(text, ",discount_type='%s'", coupon_discount_name(coupon->discount_type));
    add_number(text, "discount_value", coupon->discount_value, -1);
    add_number(text, "min_order_amount", coupon->min_order_amount, -1);
    add_number(text, "max_discount_amount", coupon->max_discount_amount, -1);
    add_number(text, "total_stock", coupon->total_stock, -1);
    add_number(text, "per_user_limit", coupon->per_user_limit, -1);
    add_time(text, "issue_starts_at", coupon->issue_starts_at_ms);
    add_time(text, "issue_ends_at", coupon->issue_ends_at_ms);
    add_time(text, "valid_until", coupon->valid_until_ms);
    add_number(text, "valid_for_seconds", coupon->valid_for_seconds, 0);
    strbuf_addf(text, " WHERE coupon_id=%" PRIu64, coupon->coupon_id);
    return coupon_transaction_execute(transaction);
}

/* A window that moves must not come upon another of its policy. */
static enum sql_class check_window(struct coupon_transaction *transaction,
                                   const struct coupon *coupon, unsigned int members,
                                   enum coupon_change_end *end)
{
    bool overlaps = false;
    enum sql_class class;

    if (coupon->policy_id == 0 || !(members & (COUPON_MEMBER_STARTS_AT | COUPON_MEMBER_ENDS_AT)))
        return SQL_OK;
    class = coupon_window_check(transaction, coupon, &overlaps);
    if (overlaps)
        *end = COUPON_CHANGE_OVERLAP;
    return class;
}

static enum sql_class apply_patch(struct coupon_transaction *transaction)
{
    struct coupon_change *change = change_of(transaction);
    struct strbuf old_value = STRBUF_INIT;
    struct strbuf new_value = STRBUF_INIT;
    unsigned int members;
    struct coupon to;
    bool go_on = false;
    enum sql_class class = lock(transaction, &go_on);

    if (class != SQL_OK || !go_on)
        return class;
    change->end = end_of_patch(
        coupon_patch_apply(&change->patch, &change->coupon, &to, &members, &change->wrong));
    if (change->end == COUPON_CHANGE_DONE)
        class = check_window(transaction, &to, members, &change->end);
    if (class != SQL_OK || change->end != COUPON_CHANGE_DONE)
        return class;
    coupon_encode_members(&change->coupon, members, &old_value);
    class = update_members(transaction, &to);
    if (class == SQL_OK)
        class = read_back(transaction);
    coupon_encode_members(&change->coupon, members, &new_value);
    if (class == SQL_OK)
        class = coupon_transaction_audit(transaction, change->coupon_id, "PATCH", &old_value,
                                         &new_value);
    strbuf_free(&old_value);
    strbuf_free(&new_value);
    return class;
}

enum sql_class coupon_change_patch(struct sql_session *session, const struct coupon_log *log,
                                   struct coupon_change *change, struct sql_fault *fault)
{
    return run(session, log, change, fault, apply_patch);
}

static enum sql_class remove_row(struct coupon_transaction *transaction)
{
    struct coupon_change *change = change_of(transaction);
    struct strbuf old_value = STRBUF_INIT;
    struct strbuf nothing = STRBUF_INIT;
    bool go_on = false;
    enum sql_class class = coupon_transaction_between_batches(transaction);

    if (class == SQL_OK)
        class = lock(transaction, &go_on);
    if (class != SQL_OK || !go_on)
        return class;
    if (change->coupon.issued_count > 0) {
        change->end = COUPON_CHANGE_GIVEN_OUT;
        return SQL_OK;
    }
    coupon_encode(&change->coupon, &old_value);
    strbuf_add_text(&nothing, "null");
    class =
        coupon_transaction_audit(transaction, change->coupon_id, "DELETE", &old_value, &nothing);
    strbuf_free(&old_value);
    strbuf_free(&nothing);
    if (class != SQL_OK)
        return class;
    strbuf_clear(&transaction->text);
    strbuf_addf(&transaction->text, "DELETE FROM coupon WHERE coupon_id=%" PRIu64,
                change->coupon_id);
    return coupon_transaction_execute(transaction);
}

enum sql_class coupon_change_delete(struct sql_session *session, const struct coupon_log *log,
                                    struct coupon_change *change, struct sql_fault *fault)
{
    return run(session, log, change, fault, remove_row);
}
