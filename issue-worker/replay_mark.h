#ifndef REPLAY_MARK_H
#define REPLAY_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Headers of a record that `issue-worker dlt replay` has produced again.
 *
 *   coupon-replay   which dead letter it was: "TOPIC:PARTITION:OFFSET"
 *   coupon-origin   its place before it was ever dead-lettered: "PARTITION:OFFSET"
 *
 * A worker takes any record with the first one for a replay. */
#define REPLAY_MARK_HEADER "coupon-replay"
#define REPLAY_ORIGIN_HEADER "coupon-origin"
#define REPLAY_ORIGIN_SIZE 32

/* Read "PARTITION:OFFSET", both decimal without a sign. False, with both left as they were: it is
 * not that. */
bool replay_origin_parse(const char *text, size_t len, int32_t *partition, int64_t *offset);
void replay_origin_format(int32_t partition, int64_t offset, char text[REPLAY_ORIGIN_SIZE]);

#endif
