#ifndef EXPIRY_STEP_H
#define EXPIRY_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mysql/sql_session.h"

enum expiry_retention {
    RETENTION_OF_RESULTS,
    RETENTION_OF_EVENTS,
    RETENTION_OF_ORDERS,
    RETENTIONS
};

/* What one run works with. */
struct expiry_work {
    struct sql_session *session;
    char now[32];   /* the run's instant on the database's clock, as SQL text in quotes */
    int64_t now_ms; /* the same */
    int64_t retention_s[RETENTIONS]; /* 0: keep all */
    bool with_events;                /* what expires is told of in the outbox */
    size_t rows_max;                 /* of the next chunk */
    struct strbuf cursor;            /* condition that leaves out what this step has been at */
    struct strbuf text;              /* of the statement being made */
    struct strbuf events;            /* the statement that tells of a chunk */
    struct sql_fault fault;          /* of the last statement that failed */
};

/* A kind of work, done in chunks. An instant belongs to what begins with it: something that ends at
 * T is over at T. Each chunk is one transaction that holds for itself; rows that somebody else
 * changed meanwhile are left as they are, so a run that is repeated, or two at once, change each
 * row once. Both calls give the class of the first statement that failed, with work->fault filled;
 * the caller rolls back. */
struct expiry_step {
    const char *name;       /* in metrics: "expire-user-coupons" */
    const char *report_key; /* in the summary: "userCouponsExpired" */
    /* How many rows are due. */
    enum sql_class (*count)(const struct expiry_step *step, struct expiry_work *work, int64_t *due);
    /* Change at most rows_max rows. *seen of those that were due; fewer than rows_max: none are
     * left. work->cursor moves on; a chunk that failed can be done again. */
    enum sql_class (*chunk)(const struct expiry_step *step, struct expiry_work *work, size_t *seen,
                            size_t *changed);
};

extern const struct expiry_step coupon_closing;
extern const struct expiry_step user_coupon_expiry;

/* Run work->text: a statement, or a query of one number. */
enum sql_class expiry_work_execute(struct expiry_work *work);
enum sql_class expiry_work_number(struct expiry_work *work, int64_t *number);

#endif
