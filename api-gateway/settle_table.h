#ifndef SETTLE_TABLE_H
#define SETTLE_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* In which round (progress.h) a request that is nowhere to be found was first asked for here. A
 * fixed table: an entry that is pushed out by another begins anew, which only makes its answer
 * later. */
#define SETTLE_TABLE_SIZE 8192

struct settle_table {
    struct {
        uint64_t hash;
        uint32_t round;
    } entries[SETTLE_TABLE_SIZE];
};

/* The round of the first question for this id; round where it is new. */
uint32_t settle_table_first_round(struct settle_table *table, const char *request_id, size_t len,
                                  uint32_t round);

#endif
