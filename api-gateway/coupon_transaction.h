#ifndef COUPON_TRANSACTION_H
#define COUPON_TRANSACTION_H

#include <stdint.h>

#include "common/mysql/sql_session.h"

/* What an admin's changes of coupons share: one transaction, tried again where another was in its
 * way, and its rows in coupon_change with the place in the log of requests at which it took effect.
 * Pool threads only.
 *
 * Requests for the coupon below that place were decided before the change, the others are decided
 * after it. That holds because a batch locks its fences first, then its coupons: who holds the
 * coupon's row finds the fences between two batches that have to do with it. A coupon that is made
 * or deleted has no row to hold all the time; there no batch at all may be under way
 * (coupon_transaction_between_batches). */

#define COUPON_CHANGED_BY_MAX 64

/* The log of requests, and who changes the coupon at a place of it. */
struct coupon_log {
    const char *topic;
    int32_t partitions; /* 0: Kafka was not reached yet */
    char changed_by[COUPON_CHANGED_BY_MAX + 1];
};

/* Embedded in what the body works with. */
struct coupon_transaction {
    struct sql_session *session;
    const struct coupon_log *log;
    struct sql_fault *fault;
    struct strbuf text; /* of the statement being made */
};

/* Run body as sql_transaction_run does. */
enum sql_class
coupon_transaction_run(struct coupon_transaction *transaction,
                       enum sql_class (*body)(struct coupon_transaction *transaction));

/* Execute transaction->text. */
enum sql_class coupon_transaction_execute(struct coupon_transaction *transaction);

/* First in a transaction: wait until no batch is under way, and let none begin before it ends. */
enum sql_class coupon_transaction_between_batches(struct coupon_transaction *transaction);

/* Note a change in the audit; old_value NULL: there was none. Its place is NULL where nobody knows
 * yet how many partitions the topic has. */
enum sql_class coupon_transaction_audit(struct coupon_transaction *transaction, uint64_t coupon_id,
                                        const char *action, const struct strbuf *old_value,
                                        const struct strbuf *new_value);

#endif
