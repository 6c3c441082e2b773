#include "common/kafka/kafka_partition.h"

#include <inttypes.h>
#include <stdio.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"

int32_t kafka_partition_of_coupon(uint64_t coupon_id, int32_t partitions)
{
    char key[24];
    int len = snprintf(key, sizeof key, "%" PRIu64, coupon_id);

    CHECK(partitions > 0, "%d partitions", partitions);
    return rd_kafka_msg_partitioner_murmur2(NULL, key, (size_t)len, partitions, NULL, NULL);
}
