#include "api-gateway/coupon_insert.h"

#include <inttypes.h>
#include <string.h>

#include "api-gateway/coupon_store.h"
#include "api-gateway/coupon_window.h"
#include "common/base/check.h"
#include "common/base/container_of.h"

struct inserting {
    struct coupon_transaction transaction;
    struct coupon *coupon;
    bool *overlaps;
    struct policy *policy;
};

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

static enum sql_class add_row(struct coupon_transaction *transaction, const struct coupon *coupon)
{
    struct strbuf *text = &transaction->text;

    strbuf_clear(text);
    strbuf_add_text(text, "INSERT INTO coupon (coupon_id,policy_id,name,discount_type,"
                          "discount_value,min_order_amount,max_discount_amount,total_stock,"
                          "per_user_limit,issue_starts_at,issue_ends_at,valid_until,"
                          "valid_for_seconds,status,created_at) VALUES (");
    add_number(text, (int64_t)coupon->coupon_id, 0);
    add_number(text, (int64_t)coupon->policy_id, 0);
    sql_add_text(transaction->session, text, coupon->name, strlen(coupon->name));
    strbuf_addf(text, ",'%s',%" PRId64 ",%" PRId64 ",", coupon_discount_name(coupon->discount_type),
                coupon->discount_value, coupon->min_order_amount);
    add_number(text, coupon->max_discount_amount, -1);
    strbuf_addf(text, "%" PRIu32 ",%" PRIu32 ",", coupon->total_stock, coupon->per_user_limit);
    add_time(text, coupon->issue_starts_at_ms);
    add_time(text, coupon->issue_ends_at_ms);
    add_time(text, coupon->valid_until_ms);
    add_number(text, coupon->valid_for_seconds, 0);
    strbuf_addf(text, "'%s',UTC_TIMESTAMP(3))", coupon_status_name(coupon->status));
    return coupon_transaction_execute(transaction);
}

/* Insert wanted; *made is the row and its audit is written. They may be the same. */
static enum sql_class insert_coupon(struct coupon_transaction *transaction,
                                    const struct coupon *wanted, struct coupon *made)
{
    struct strbuf value = STRBUF_INIT;
    enum sql_class class = add_row(transaction, wanted);
    uint64_t coupon_id = wanted->coupon_id;

    if (class != SQL_OK)
        return class;
    if (coupon_id == 0)
        coupon_id = sql_session_last_id(transaction->session);
    class = coupon_store_read(transaction->session, coupon_id, made, transaction->fault);
    if (class != SQL_OK)
        return class;
    CHECK(made->coupon_id == coupon_id, "coupon %" PRIu64 " was just inserted", coupon_id);
    coupon_encode(made, &value);
    class = coupon_transaction_audit(transaction, coupon_id, "CREATE", NULL, &value);
    strbuf_free(&value);
    return class;
}

static enum sql_class insert(struct coupon_transaction *transaction)
{
    struct inserting *inserting = CONTAINER_OF(transaction, struct inserting, transaction);
    const struct coupon wanted = *inserting->coupon;
    enum sql_class class = coupon_transaction_between_batches(transaction);

    *inserting->overlaps = false;
    if (class == SQL_OK && wanted.policy_id != 0)
        class = coupon_window_check(transaction, &wanted, inserting->overlaps);
    if (class != SQL_OK || *inserting->overlaps)
        return class;
    class = insert_coupon(transaction, &wanted, inserting->coupon);
    if (class != SQL_OK)
        *inserting->coupon = wanted; /* for the next try */
    return class;
}

enum sql_class coupon_insert(struct sql_session *session, const struct coupon_log *log,
                             struct coupon *coupon, bool *overlaps, struct sql_fault *fault)
{
    struct inserting inserting = {
        .transaction = {.session = session, .log = log, .fault = fault},
        .coupon = coupon,
        .overlaps = overlaps,
    };

    return coupon_transaction_run(&inserting.transaction, insert);
}

static enum sql_class add_policy(struct coupon_transaction *transaction, struct policy *policy)
{
    struct strbuf *text = &transaction->text;
    enum sql_class class;

    strbuf_clear(text);
    strbuf_add_text(text, "INSERT INTO coupon_policy (policy_id,name,created_at) VALUES (");
    add_number(text, (int64_t)policy->policy_id, 0);
    sql_add_text(transaction->session, text, policy->name, strlen(policy->name));
    strbuf_add_text(text, ",UTC_TIMESTAMP(3))");
    class = coupon_transaction_execute(transaction);
    if (class == SQL_OK && policy->policy_id == 0)
        policy->policy_id = sql_session_last_id(transaction->session);
    return class;
}

static enum sql_class insert_windows(struct coupon_transaction *transaction, struct policy *policy)
{
    enum sql_class class = SQL_OK;

    for (size_t i = 0; class == SQL_OK && i < policy->window_count; i++) {
        struct coupon wanted = policy->windows[i];

        wanted.policy_id = policy->policy_id;
        wanted.coupon_id = 0;
        class = insert_coupon(transaction, &wanted, &policy->windows[i]);
        if (class != SQL_OK)
            policy->windows[i] = wanted; /* for the next try */
    }
    return class;
}

static enum sql_class insert_policy(struct coupon_transaction *transaction)
{
    struct policy *policy = CONTAINER_OF(transaction, struct inserting, transaction)->policy;
    uint64_t wanted_id = policy->policy_id;
    enum sql_class class = coupon_transaction_between_batches(transaction);

    if (class == SQL_OK)
        class = add_policy(transaction, policy);
    if (class == SQL_OK)
        class = insert_windows(transaction, policy);
    if (class != SQL_OK)
        policy->policy_id = wanted_id;
    return class;
}

enum sql_class coupon_insert_policy(struct sql_session *session, const struct coupon_log *log,
                                    struct policy *policy, struct sql_fault *fault)
{
    struct inserting inserting = {
        .transaction = {.session = session, .log = log, .fault = fault},
        .policy = policy,
    };

    return coupon_transaction_run(&inserting.transaction, insert_policy);
}
