#ifndef PARTITION_TABLE_H
#define PARTITION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a consumer knows of the partitions that are assigned to it. Plain data, no I/O. */
struct partition {
    int32_t number;
    bool positioned;     /* reading began at the fence */
    int64_t read_offset; /* behind the last record that was taken; -1: none yet */
    int64_t next_offset; /* behind the last record that was decided; -1: not known */
    int64_t end_offset;  /* the log's end at the last look; -1: never seen */
    int64_t looked_us;   /* monotonic time of the last look; 0: never */
    bool bare;           /* an empty log without a fence: next_offset is its end */
    bool look_open;      /* not yet caught up with what the last look saw */
};

struct partition_table {
    struct partition *items; /* ascending by number */
    size_t count;
    size_t capacity;
};

void partition_table_free(struct partition_table *table);
void partition_table_clear(struct partition_table *table);
void partition_table_add(struct partition_table *table, int32_t number);

/* NULL: not assigned. */
struct partition *partition_table_find(struct partition_table *table, int32_t number);

/* Where to go on reading: behind what was taken, else at the fence, else at the log's start (-2,
 * Kafka's own number for it). */
int64_t partition_table_seek_offset(const struct partition *partition);

/* From where on nothing is missing before the record at offset, which is the next to be taken: what
 * was read before it, or the fence at which reading began. */
int64_t partition_table_begin_offset(const struct partition *partition, int64_t offset);

/* Is it time to look at the log's end again? Not while the last look is open. */
bool partition_look_due(const struct partition *partition, int64_t now_us, int64_t interval_us);

/* The log's end was seen, or with -1 could not be. */
void partition_looked(struct partition *partition, int64_t now_us, int64_t end_offset);

/* True once for each look, when all that it saw is decided. */
bool partition_caught_up(struct partition *partition);

#endif
