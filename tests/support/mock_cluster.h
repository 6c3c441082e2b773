#ifndef MOCK_CLUSTER_H
#define MOCK_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "common/kafka/kafka_options.h"

#define MOCK_CLUSTER_PARTITIONS 3 /* of its topics */

/* librdkafka's mock cluster with one broker in this process, for the errors that a real one won't
 * produce on demand. It is no broker to rely on: memory only, no deduplication. */
struct mock_cluster {
    rd_kafka_t *client;
    rd_kafka_mock_cluster_t *cluster;
    struct kafka_options options; /* to reach it; add properties */
};

/* Topic "requests" and "requests.DLT" with three partitions each. */
void mock_cluster_open(struct mock_cluster *mock);
void mock_cluster_close(struct mock_cluster *mock);

/* Set a librdkafka property ("name=value") in options. */
void mock_cluster_property(struct mock_cluster *mock, const char *property);

#endif
