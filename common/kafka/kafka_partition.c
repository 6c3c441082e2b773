#include "common/kafka/kafka_partition.h"

#include <inttypes.h>
#include <stdio.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"

int32_t kafka_partition_of_key(const void *key, size_t len, int32_t partitions)
{
    CHECK(partitions > 0, "%d partitions", partitions);
    return rd_kafka_msg_partitioner_murmur2(NULL, key, len, partitions, NULL, NULL);
}

int32_t kafka_partition_of_coupon(uint64_t coupon_id, int32_t partitions)
{
    char key[24];
    int len = snprintf(key, sizeof key, "%" PRIu64, coupon_id);

    return kafka_partition_of_key(key, (size_t)len, partitions);
}
