#ifndef KAFKA_PARTITION_H
#define KAFKA_PARTITION_H

#include <stddef.h>
#include <stdint.h>

/* The partition that Java's default partitioner (and so every producer of ours) picks for a key:
 * its murmur2, positive, modulo partitions (org.apache.kafka.common.utils.Utils). */
int32_t kafka_partition_of_key(const void *key, size_t len, int32_t partitions);

/* The same for a coupon, whose key is its decimal couponId. */
int32_t kafka_partition_of_coupon(uint64_t coupon_id, int32_t partitions);

#endif
