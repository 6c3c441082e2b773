#ifndef RATE_TABLE_H
#define RATE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "api-gateway/limit/rate_bucket.h"

/* The buckets of many keys, of one policy, in memory of fixed size. A full bucket needs no place.
 * Where all places that a key may have (eight, by a hash with a random key) are taken by others
 * that are not full, it takes over the fullest of these, with what is missing in it: in a flood of
 * keys a newcomer may find less than its burst, but nobody ever gets more, whomever he pushes out.
 * One a thread. */
struct rate_table;

/* sodium_init must have been called. */
struct rate_table *rate_table_new(const struct rate_policy *policy, size_t places);
void rate_table_free(struct rate_table *table); /* NULL is allowed */

const struct rate_policy *rate_table_policy(const struct rate_table *table);

struct rate_answer rate_table_take(struct rate_table *table, const void *key, size_t len,
                                   int64_t now_ns);

/* How often a bucket was taken over. */
uint64_t rate_table_taken_over(const struct rate_table *table);

#endif
