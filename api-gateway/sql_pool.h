#ifndef SQL_POOL_H
#define SQL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/mysql/sql_session.h"

struct event_base;

/* Threads that talk to MySQL, so that no event loop ever waits for it. A loop submits a job; a pool
 * thread runs it on its own connection; the loop gets it back through its mailbox.
 *
 * To end without losing a job's memory: sql_pool_stop, then sql_mailbox_free for each loop, then
 * sql_pool_free. */
struct sql_pool;
struct sql_mailbox;

struct sql_job {
    /* Pool thread: do the work, return how it ended. Unless that is SQL_OK, a transaction left open
     * is rolled back; after SQL_OUTAGE the connection is closed. */
    enum sql_class (*run)(struct sql_job *job, struct sql_session *session,
                          struct sql_fault *fault);
    /* Loop thread, or sql_mailbox_free: the job is back; free it. Called exactly once for each job
     * that was submitted. class SQL_OUTAGE also where run() was never called: no connection could
     * be had in time, or the pool was stopped. fault says why whenever class is not SQL_OK. */
    void (*done)(struct sql_job *job);
    enum sql_class class;
    struct sql_fault fault;
    struct sql_mailbox *mailbox; /* set by sql_pool_submit */
    int64_t give_up_us;          /* monotonic: not begun after this; set by sql_pool_submit */
    STAILQ_ENTRY(sql_job) next;
};

STAILQ_HEAD(sql_job_queue, sql_job);

/* Start the threads. They connect when there is work, and end no faster than a statement that they
 * wait for (options->answer_timeout_s). options must outlive the pool. */
struct sql_pool *sql_pool_start(const struct sql_options *options, size_t threads);

/* Finish the jobs that have begun, hand the others back as SQL_OUTAGE, and end the threads. Loops
 * may still run; what they submit from now on is not accepted. */
void sql_pool_stop(struct sql_pool *pool);

/* After sql_pool_stop, and when no loop will submit any more. NULL is allowed. */
void sql_pool_free(struct sql_pool *pool);

/* Loop thread: where a loop's jobs come back. */
struct sql_mailbox *sql_mailbox_new(struct event_base *base);

/* After sql_pool_stop and before the loop is freed: calls done for the jobs that are back and were
 * not told yet, so what done uses must still be there. NULL is allowed. */
void sql_mailbox_free(struct sql_mailbox *mailbox);

/* Loop thread. Waiting jobs are limited; false: there are too many, or the pool was stopped; job
 * stays the caller's. patience_ms: not begun by then, it comes back as SQL_OUTAGE, even while all
 * threads wait for the server. A job that has begun takes as long as it takes. */
bool sql_pool_submit(struct sql_pool *pool, struct sql_mailbox *mailbox, struct sql_job *job,
                     int patience_ms);

#endif
