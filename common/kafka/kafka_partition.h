#ifndef KAFKA_PARTITION_H
#define KAFKA_PARTITION_H

#include <stdint.h>

/* The partition that Java's default partitioner (and so every producer of ours) picks for a coupon:
 * murmur2 of the decimal couponId, positive, modulo partitions
 * (org.apache.kafka.common.utils.Utils). */
int32_t kafka_partition_of_coupon(uint64_t coupon_id, int32_t partitions);

#endif
