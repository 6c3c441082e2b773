#ifndef CONSUME_LOOP_PARTS_H
#define CONSUME_LOOP_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "issue-worker/batch_course.h"
#include "issue-worker/consume_loop.h"
#include "issue-worker/dead_letter.h"
#include "issue-worker/issue_consumer.h"
#include "issue-worker/issue_transaction.h"
#include "issue-worker/reconciliation.h"
#include "issue-worker/worker_metrics.h"

#define CONSUME_WINDOWS 1024 /* partitions above are not reconciled */

/* Between the files of the loop alone: consume_loop.c (start, run, stop), consume_decide.c
 * (attempts at a batch until it is decided), consume_publish.c (what the world is told) and
 * consume_reconcile.c (whether the database holds what was committed). All but
 * the atomic fields belong to the loop's thread. */
struct consume_loop {
    const struct worker_config *config;
    const struct batch_body *body;      /* NULL: issue requests */
    struct result_publisher *publisher; /* NULL: nobody is told */
    struct dead_letter *dead_letter;
    struct issue_transaction *transaction;
    struct issue_consumer *consumer;
    /* While the database writes one batch, the one before it is published and the next one
     * collected. */
    struct issue_batch *batch;       /* the one to decide */
    struct issue_batch *other;       /* the one before it, then the next one */
    struct issue_batch part;         /* view of what is tried of batch, when that is not all */
    struct publication *unpublished; /* of other, which is committed; NULL: other is the next one */
    int64_t committed_ms;
    struct batch_course course; /* of batch */
    bool deciding;              /* batch is in its transaction */
    bool revoked;               /* batch is not ours any more: don't try it again */
    bool held;                  /* fetching is paused */
    bool assigning;             /* inside the client's rebalance callback, more or less */
    uint32_t random;
    struct worker_metrics *metrics;
    struct reconciliation_window windows[CONSUME_WINDOWS]; /* by partition */
    int64_t reconcile_us;                                  /* monotonic: the next check */
    int64_t place_us; /* the same: the next try to read fences that are not known */
    pthread_t thread;
    enum failure_stop stop; /* why it can't go on */
    atomic_bool stopping;
    atomic_bool ready;
    atomic_bool ended;
};

/* Decide the batch, however long that takes. It ends early, with nothing lost, when the partitions
 * are taken away (the batch is empty then), when the program stops, or when it can't go on. If it
 * can, nothing is paused afterwards. */
void consume_decide(struct consume_loop *loop);

/* Pause fetching, unless it is paused; class says why. consume_release goes on. */
void consume_hold(struct consume_loop *loop, enum failure_class class);
void consume_release(struct consume_loop *loop);

/* Read again from the fences, fetching whether it was paused or not; drop the batches first. False:
 * not possible now, and paused as before. */
bool consume_rewind(struct consume_loop *loop);

/* The whole batch was committed by one transaction: it becomes the other one, and what is to be
 * told of it is kept for consume_publish. */
void consume_keep_committed(struct consume_loop *loop, int64_t now_ms);

/* A part of the batch was committed: tell the world at once. */
void consume_publish_part(struct consume_loop *loop, const struct issue_batch *part,
                          int64_t now_ms);

/* Tell the world of the batch before, unless that is done. */
void consume_publish(struct consume_loop *loop);

/* A batch was committed: what the database must hold of it. */
void consume_remember(struct consume_loop *loop, const struct issue_batch *committed);

/* The partitions are taken away, or the loop ends. */
void consume_forget(struct consume_loop *loop);

/* From time to time, ask the database whether it holds what was committed lately. */
void consume_reconcile(struct consume_loop *loop);

/* Tell how far all partitions are. */
void consume_publish_progress(struct consume_loop *loop);

#endif
