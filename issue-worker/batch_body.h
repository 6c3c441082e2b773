#ifndef BATCH_BODY_H
#define BATCH_BODY_H

#include "common/mysql/sql_session.h"
#include "issue-worker/issue_batch.h"

/* What a loop does with the records of a batch, where that is not to decide issue requests. All
 * around it is the same: fences, one transaction a batch, attempts, halving, dead letters, pauses.
 */
struct batch_body {
    /* Read a record into item->event; on a fault detail says what is wrong. */
    enum issue_request_fault (*read)(void *cookie, struct issue_item *item, char *detail,
                                     size_t detail_size);
    /* In the batch's transaction, behind its fences: do what the items say that are not skipped,
     * and set their verdicts. FAULTY is a dead letter, and item->cause and ->detail say why where
     * item->fault does not. Called again, with the same items, when an attempt failed. */
    enum sql_class (*write)(void *cookie, struct sql_session *session, struct issue_batch *batch,
                            struct sql_fault *fault);
    /* The transaction was committed. */
    void (*committed)(void *cookie, const struct issue_batch *batch);
    void *cookie;
};

#endif
