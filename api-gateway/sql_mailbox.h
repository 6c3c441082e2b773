#ifndef SQL_MAILBOX_H
#define SQL_MAILBOX_H

#include "api-gateway/sql_pool.h"

/* Between sql_pool.c and sql_mailbox.c alone. */

/* Loop thread: a job for this mailbox is about to be queued in pool. */
void sql_mailbox_expect(struct sql_mailbox *mailbox, struct sql_pool *pool);

/* Any thread: hand a job back to its loop. */
void sql_mailbox_deliver(struct sql_job *job);

/* Hand back the jobs of one mailbox that have waited too long. */
void sql_pool_expire(struct sql_pool *pool, const struct sql_mailbox *mailbox);

#endif
