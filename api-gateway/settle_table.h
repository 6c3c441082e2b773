#ifndef SETTLE_TABLE_H
#define SETTLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In which round (progress.h) a request that is nowhere to be found was first asked for here. A
 * fixed table: an entry that is pushed out by another begins anew, which only makes its answer
 * later. */
#define SETTLE_TABLE_SIZE 8192

struct settle_table {
    struct {
        uint64_t hash;
        uint32_t first;
        uint32_t last;
    } entries[SETTLE_TABLE_SIZE];
};

/* The round of the first question for this id; round where it is new. lasting: the request can't be
 * tried again, so that a question counts for good. Else it counts while others follow it, none more
 * than two rounds behind the one before (more than Retry-After asks to wait): between two that lie
 * further apart it may have been tried again, at another gateway too. */
uint32_t settle_table_first_round(struct settle_table *table, const char *request_id, size_t len,
                                  uint32_t round, bool lasting);

/* It is tried again here, or will be because of the answer that it is nowhere: questions for it
 * begin anew. */
void settle_table_forget(struct settle_table *table, const char *request_id, size_t len);

#endif
