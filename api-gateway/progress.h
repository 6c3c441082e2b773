#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far the workers are, partition by partition, as one gateway loop has heard. Plain data, no
 * I/O; times are monotonic microseconds given by the caller. */
#define PROGRESS_MAX_PARTITIONS 1024

struct progress_partition {
    int64_t next_offset; /* -1: not heard */
    double rate;         /* records a second, smoothed */
    int64_t heard_us;    /* of the last message that moved next_offset */
    int64_t worker_us;   /* when a worker last said anything of it; 0: never */
    int caught_up;       /* "all seen is decided" messages since the round began */
};

/* Rounds settle what became of a request whose produce had an unknown outcome. A round ends when,
 * after settle_us, each partition was reported caught up twice: the second report's look at the log
 * began after the first arrived. A request that was tried before a round began is by then decided
 * or was never written. */
struct progress {
    struct progress_partition partitions[PROGRESS_MAX_PARTITIONS];
    int32_t partition_count; /* of the topic; 0: not known */
    int64_t settle_us;
    int64_t round_began_us;
    uint32_t round;
};

/* settle_us: the longest time after which a produce can still reach the log. */
void progress_init(struct progress *progress, int64_t settle_us, int64_t now_us);

/* A worker or the database says that all below next_offset is decided. Never goes back. True when
 * it moved. */
bool progress_hear(struct progress *progress, int32_t partition, int64_t next_offset,
                   bool caught_up, int64_t now_us);

/* A worker said something of this partition, whatever it was. */
void progress_note_worker(struct progress *progress, int32_t partition, int64_t now_us);

/* True: of some partition no worker was heard for silence_us, so there may be progress that this
 * gateway does not hear of. */
bool progress_is_silent(const struct progress *progress, int64_t silence_us, int64_t now_us);

/* The topic has this many partitions. A change begins the round anew. */
void progress_set_partitions(struct progress *progress, int32_t count, int64_t now_us);

/* Requests may be where no worker sees them: the round begins anew. */
void progress_unsettle(struct progress *progress, int64_t now_us);

/* -1: not heard. */
int64_t progress_next_offset(const struct progress *progress, int32_t partition);

/* Records ahead of the one at offset; -1 when not known; 0 when it is next or decided. */
int64_t progress_position(const struct progress *progress, int32_t partition, int64_t offset);

/* Seconds after which asking for a request at this position makes sense, 1…30. */
int progress_retry_after(const struct progress *progress, int32_t partition, int64_t position);

/* The number of the running round: a request first asked for in round n is settled in round n + 2.
 */
uint32_t progress_round(const struct progress *progress);

#endif
