#include "api-gateway/coupon_revoke.h"

#include <inttypes.h>

#include "common/base/container_of.h"
#include "common/mysql/user_coupon_change.h"

struct revoking {
    struct coupon_transaction transaction;
    const struct user_coupon_wish *wish;
    enum user_coupon_step *step;
};

static void encode(const struct user_coupon *held, enum user_coupon_status status,
                   struct strbuf *out)
{
    strbuf_addf(out,
                "{\"issued\":{\"issueNo\":%" PRIu32 ",\"userId\":%" PRIu64 ",\"status\":\"%s\"}}",
                held->issue_no, held->user_id, user_coupon_status_name(status));
}

static enum sql_class revoke(struct coupon_transaction *transaction)
{
    const struct revoking *revoking = CONTAINER_OF(transaction, struct revoking, transaction);
    struct user_coupon_outcome outcome = {0};
    struct strbuf old_value = STRBUF_INIT;
    struct strbuf new_value = STRBUF_INIT;
    enum sql_class class = user_coupon_change_revoke(transaction->session, revoking->wish, &outcome,
                                                     transaction->fault);

    *revoking->step = outcome.step;
    if (class != SQL_OK || outcome.step != USER_COUPON_STEP_CHANGE)
        return class;
    encode(&outcome.held, USER_COUPON_ISSUED, &old_value);
    encode(&outcome.held, USER_COUPON_REVOKED, &new_value);
    class = coupon_transaction_audit(transaction, revoking->wish->coupon_id, "REVOKE", &old_value,
                                     &new_value);
    strbuf_free(&old_value);
    strbuf_free(&new_value);
    return class;
}

enum sql_class coupon_revoke(struct sql_session *session, const struct coupon_log *log,
                             const struct user_coupon_wish *wish, enum user_coupon_step *step,
                             struct sql_fault *fault)
{
    struct revoking revoking = {
        .transaction = {.session = session, .log = log, .fault = fault},
        .wish = wish,
        .step = step,
    };

    return coupon_transaction_run(&revoking.transaction, revoke);
}
