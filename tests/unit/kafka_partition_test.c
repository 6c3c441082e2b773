/* A coupon goes to the partition that Java's default partitioner picks: murmur2 as Kafka's own test
 * knows it (UtilsTest.testMurmur2), made positive, modulo partitions. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>

#include "common/kafka/kafka_partition.h"

static const struct {
    const char *key;
    int32_t murmur2;
} vectors[] = {
    {"21", -973932308},
    {"foobar", -790332482},
    {"a-little-bit-long-string", -985981536},
    {"a-little-bit-longer-string", -1486304829},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
    {"abc", 479470107},
    /* From Java's Utils.murmur2, as other projects' tests have them. */
    {"1", -1993445489},
    {"12", 126087238},
    {"123", -267702483},
    {"1234", -1614185708},
    {"12345", -1188365604},
};

#define VECTORS (sizeof vectors / sizeof vectors[0])

/* Utils.toPositive and the modulo of Java's BuiltInPartitioner. */
static int32_t java_partition(int32_t murmur2, int32_t partitions)
{
    return (murmur2 & 0x7fffffff) % partitions;
}

static void the_library_hashes_as_java_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        const char *key = vectors[i].key;
        /* As many partitions as there can be show all 31 bits. */
        int32_t seen =
            rd_kafka_msg_partitioner_murmur2(NULL, key, strlen(key), INT32_MAX, NULL, NULL);

        if (seen != java_partition(vectors[i].murmur2, INT32_MAX))
            fail_msg("%s: expected %" PRId32 ", saw %" PRId32, key,
                     java_partition(vectors[i].murmur2, INT32_MAX), seen);
    }
}

static void a_coupon_is_placed_by_its_decimal_id(void **state)
{
    size_t compared = 0;

    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        uint64_t coupon_id = 0;
        int end = 0;

        if (sscanf(vectors[i].key, "%" SCNu64 "%n", &coupon_id, &end) != 1 ||
            vectors[i].key[end] != '\0')
            continue;
        for (int32_t partitions = 1; partitions <= 200; partitions++) {
            int32_t expected = java_partition(vectors[i].murmur2, partitions);
            int32_t seen = kafka_partition_of_coupon(coupon_id, partitions);

            if (seen != expected)
                fail_msg("coupon %s of %" PRId32 " partitions: expected %" PRId32 ", saw %" PRId32,
                         vectors[i].key, partitions, expected, seen);
            compared++;
        }
    }
    assert_int_equal(compared, 6 * 200);
}

static void the_largest_id_is_not_cut(void **state)
{
    static const char key[] = "18446744073709551615";
    int32_t expected =
        rd_kafka_msg_partitioner_murmur2(NULL, key, strlen(key), INT32_MAX, NULL, NULL);

    (void)state;
    assert_int_equal(kafka_partition_of_coupon(UINT64_MAX, INT32_MAX), expected);
}

/* 30 coupons on 3 partitions: none is left empty, and none has nearly all. */
static void coupons_spread(void **state)
{
    int counts[3] = {0};

    (void)state;
    for (uint64_t coupon_id = 1; coupon_id <= 30; coupon_id++)
        counts[kafka_partition_of_coupon(coupon_id, 3)]++;
    for (int i = 0; i < 3; i++)
        if (counts[i] < 3 || counts[i] > 20)
            fail_msg("partition %d has %d of 30", i, counts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_hashes_as_java_does),
        cmocka_unit_test(a_coupon_is_placed_by_its_decimal_id),
        cmocka_unit_test(the_largest_id_is_not_cut),
        cmocka_unit_test(coupons_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
