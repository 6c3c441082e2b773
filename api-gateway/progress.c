#include "api-gateway/progress.h"

#include <string.h>

#define RETRY_AFTER_MAX_S 30
#define CAUGHT_UP_REPORTS 2

static void begin_round(struct progress *progress, int64_t now_us)
{
    progress->round_began_us = now_us;
    for (int32_t i = 0; i < PROGRESS_MAX_PARTITIONS; i++)
        progress->partitions[i].caught_up = 0;
}

void progress_init(struct progress *progress, int64_t settle_us, int64_t now_us)
{
    memset(progress, 0, sizeof *progress);
    progress->settle_us = settle_us;
    for (int32_t i = 0; i < PROGRESS_MAX_PARTITIONS; i++)
        progress->partitions[i].next_offset = -1;
    begin_round(progress, now_us);
}

void progress_set_partitions(struct progress *progress, int32_t count, int64_t now_us)
{
    if (count == progress->partition_count)
        return;
    progress->partition_count = count;
    begin_round(progress, now_us);
}

void progress_unsettle(struct progress *progress, int64_t now_us)
{
    begin_round(progress, now_us);
}

static void end_round_if_settled(struct progress *progress, int64_t now_us)
{
    /* What can't be followed can't be settled. */
    if (progress->partition_count <= 0 || progress->partition_count > PROGRESS_MAX_PARTITIONS)
        return;
    for (int32_t i = 0; i < progress->partition_count; i++)
        if (progress->partitions[i].caught_up < CAUGHT_UP_REPORTS)
            return;
    progress->round++;
    begin_round(progress, now_us);
}

static void learn_rate(struct progress_partition *partition, int64_t next_offset, int64_t now_us)
{
    double seconds = (double)(now_us - partition->heard_us) / 1e6;
    double rate;

    if (partition->heard_us == 0 || partition->next_offset < 0 || seconds <= 0)
        return;
    rate = (double)(next_offset - partition->next_offset) / seconds;
    partition->rate = partition->rate > 0 ? 0.8 * partition->rate + 0.2 * rate : rate;
}

bool progress_hear(struct progress *progress, int32_t partition, int64_t next_offset,
                   bool caught_up, int64_t now_us)
{
    struct progress_partition *place;

    if (partition < 0 || partition >= PROGRESS_MAX_PARTITIONS || next_offset < 0)
        return false;
    place = &progress->partitions[partition];
    if (caught_up && now_us - progress->round_began_us >= progress->settle_us) {
        place->caught_up++;
        end_round_if_settled(progress, now_us);
    }
    if (next_offset <= place->next_offset)
        return false;
    learn_rate(place, next_offset, now_us);
    place->next_offset = next_offset;
    place->heard_us = now_us;
    return true;
}

void progress_note_worker(struct progress *progress, int32_t partition, int64_t now_us)
{
    if (partition >= 0 && partition < PROGRESS_MAX_PARTITIONS)
        progress->partitions[partition].worker_us = now_us;
}

bool progress_is_silent(const struct progress *progress, int64_t silence_us, int64_t now_us)
{
    if (progress->partition_count <= 0)
        return true;
    for (int32_t i = 0; i < progress->partition_count && i < PROGRESS_MAX_PARTITIONS; i++)
        if (progress->partitions[i].worker_us == 0 ||
            now_us - progress->partitions[i].worker_us >= silence_us)
            return true;
    return false;
}

int64_t progress_next_offset(const struct progress *progress, int32_t partition)
{
    if (partition < 0 || partition >= PROGRESS_MAX_PARTITIONS)
        return -1;
    return progress->partitions[partition].next_offset;
}

int64_t progress_position(const struct progress *progress, int32_t partition, int64_t offset)
{
    int64_t next_offset = progress_next_offset(progress, partition);

    if (next_offset < 0 || offset < 0)
        return -1;
    return offset > next_offset ? offset - next_offset : 0;
}

int progress_retry_after(const struct progress *progress, int32_t partition, int64_t position)
{
    double rate;

    if (partition < 0 || partition >= PROGRESS_MAX_PARTITIONS || position <= 0)
        return 1;
    rate = progress->partitions[partition].rate;
    if (rate < 1 || (double)position / rate >= RETRY_AFTER_MAX_S)
        return rate < 1 ? 1 : RETRY_AFTER_MAX_S;
    return (int)((double)position / rate) + 1;
}

uint32_t progress_round(const struct progress *progress)
{
    return progress->round;
}
