#ifndef SQL_POOL_H
#define SQL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/mysql/sql_session.h"

struct event_base;

/* Threads that talk to MySQL, so that no event loop ever waits for it. A loop submits a job; a pool
 * thread runs it on its own connection; the loop gets it back through its mailbox. */
struct sql_pool;
struct sql_mailbox;

struct sql_job {
    /* Pool thread: do the work, return how it ended. A transaction left open is rolled back. */
    enum sql_class (*run)(struct sql_job *job, struct sql_session *session,
                          struct sql_fault *fault);
    /* Loop thread: the job is back; free it. class SQL_OUTAGE also where run() was never called because
     * no connection could be had in time. */
    void (*done)(struct sql_job *job);
    enum sql_class class;
    struct sql_fault fault;
    struct sql_mailbox *mailbox; /* set by sql_pool_submit */
    int64_t give_up_us;          /* monotonic: not begun after this; set by sql_pool_submit */
    STAILQ_ENTRY(sql_job) next;
};

/* Start the threads. They connect when there is work. */
struct sql_pool *sql_pool_start(const struct sql_options *options, size_t threads);

/* Drop jobs that have not begun (their done is not called), end the threads, free. */
void sql_pool_stop(struct sql_pool *pool);

/* Loop thread: where a loop's jobs come back. */
struct sql_mailbox *sql_mailbox_new(struct event_base *base);
void sql_mailbox_free(struct sql_mailbox *mailbox);

/* Loop thread. Waiting jobs are limited; false: there are too many, job stays the caller's. patience_ms:
 * not begun by then, it comes back as SQL_OUTAGE. */
bool sql_pool_submit(struct sql_pool *pool, struct sql_mailbox *mailbox, struct sql_job *job,
                     int patience_ms);

#endif
