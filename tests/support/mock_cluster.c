#include "tests/support/mock_cluster.h"

#include "common/base/check.h"

void mock_cluster_open(struct mock_cluster *mock)
{
    char error[256];

    *mock = (struct mock_cluster){.options = {.topic = "requests", .dlt_suffix = ".DLT"}};
    mock->client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    CHECK(mock->client, "%s", error);
    mock->cluster = rd_kafka_mock_cluster_new(mock->client, 1);
    CHECK(mock->cluster, "no mock cluster");
    rd_kafka_mock_topic_create(mock->cluster, "requests", MOCK_CLUSTER_PARTITIONS, 1);
    rd_kafka_mock_topic_create(mock->cluster, "requests.DLT", MOCK_CLUSTER_PARTITIONS, 1);
    mock->options.brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

void mock_cluster_close(struct mock_cluster *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->client);
}

void mock_cluster_property(struct mock_cluster *mock, const char *property)
{
    CHECK(mock->options.properties.count < OPTION_LIST_MAX, "too many properties");
    mock->options.properties.items[mock->options.properties.count++] = property;
}
