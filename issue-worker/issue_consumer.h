#ifndef ISSUE_CONSUMER_H
#define ISSUE_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/kafka/kafka_options.h"
#include "issue-worker/failure_policy.h"
#include "issue-worker/issue_batch.h"

/* One member of the consumer group. Used by one thread; the hooks run on it too, inside
 * issue_consumer_collect, _wait and _free. */
struct issue_consumer;

struct issue_consumer_hooks {
    /* Read the fences of newly assigned partitions, -1 where there is none. False: not known now.
     */
    bool (*fences)(void *cookie, const int32_t *partitions, size_t count, int64_t *next_offsets);
    /* Partitions are taken away: what was collected must be dropped, but for a batch that is being
     * decided at this moment: the fence keeps that one right. */
    void (*revoked)(void *cookie);
    /* Is the program told to stop? Nothing is waited for any more then. */
    bool (*stopping)(void *cookie);
    void *cookie;
};

/* Joins the group in the background. member: this one's number among several in the process, or
 * ISSUE_CONSUMER_ALONE; a group.instance.id among the options gets it as "-0", "-1" …, since two
 * members with one id would shut each other out. NULL: error says why. */
#define ISSUE_CONSUMER_ALONE (-1)
struct issue_consumer *issue_consumer_new(const struct kafka_options *options, const char *group,
                                          int member, const struct issue_consumer_hooks *hooks,
                                          char *error, size_t error_size);

/* Leave the group and free. */
void issue_consumer_free(struct issue_consumer *consumer);

/* For issue_batch_new. */
void issue_consumer_release(void *message);

/* Wait up to wait_ms for a record if the batch is empty; then add what is there until the batch is
 * full, max_age_us have passed, or nothing is left. The batch may come back empty. */
void issue_consumer_collect(struct issue_consumer *consumer, struct issue_batch *batch, int wait_ms,
                            int64_t max_age_us);

/* Everything in the batch is decided: tell Kafka, for lag tools, without waiting. Partitions that
 * were taken away meanwhile are left to their new owner. */
void issue_consumer_commit(struct issue_consumer *consumer, const struct issue_batch *batch);

/* Stop fetching for a while, staying a member: wait() serves the group for wait_ms and delivers
 * nothing; resume goes on behind the batch that was collected last, once the client has gone there;
 * told to stop before it has, it stays paused. */
void issue_consumer_pause(struct issue_consumer *consumer);
void issue_consumer_wait(struct issue_consumer *consumer, int wait_ms);
void issue_consumer_resume(struct issue_consumer *consumer);

/* Read again from the fences, which the hook tells; drop the batch first. False: not possible now.
 */
bool issue_consumer_rewind(struct issue_consumer *consumer);

/* False: the fence of some partition could not be read when reading began, or was to begin anew. */
bool issue_consumer_positioned(const struct issue_consumer *consumer);

/* Why this consumer can't go on; a log line has said what to do about it. Stays set. */
enum failure_stop issue_consumer_stopped(const struct issue_consumer *consumer);

/* True once the group has answered and until it takes the partitions away. */
bool issue_consumer_joined(const struct issue_consumer *consumer);

/* What is decided of an assigned partition. */
struct issue_progress {
    int32_t partition;
    int64_t next_offset;
    int64_t end_offset; /* the log's end as last seen, or -1 */
    bool caught_up;     /* newly: all that was there at the last look is decided */
    bool decided; /* next_offset is what a fence or a batch said, not where an empty log begins */
};

/* Look at the logs' ends where it is time to (about once a second, each look a short question to
 * the broker) and fill progress for up to capacity partitions. caught_up is told once for each
 * look. */
size_t issue_consumer_progress(struct issue_consumer *consumer, struct issue_progress *progress,
                               size_t capacity);

#endif
