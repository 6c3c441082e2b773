/* librdkafka's mock cluster as a process of its own, for machines without Kafka's jars.
 *
 *     mock_broker TOPIC:PARTITIONS...
 *
 * Prints "bootstrap.servers=HOST:PORT" on a line, and runs until SIGTERM or SIGINT. It is no broker
 * to rely on: memory only, 5 MiB a partition and older data silently dropped, no de-duplication. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

static int create_topic(rd_kafka_mock_cluster_t *cluster, char *topic)
{
    char *colon = strrchr(topic, ':');
    int partitions = colon == NULL ? 0 : atoi(colon + 1);

    if (partitions < 1 || partitions > 256) {
        fprintf(stderr, "mock_broker: %s: expected TOPIC:PARTITIONS, 1 to 256 of them\n", topic);
        return -1;
    }
    *colon = '\0';
    if (rd_kafka_mock_topic_create(cluster, topic, partitions, 1) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fprintf(stderr, "mock_broker: %s: could not be created\n", topic);
        return -1;
    }
    return 0;
}

static rd_kafka_t *new_host(void)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *host;

    /* Its complaint that it has no brokers would be right, and beside the point. */
    rd_kafka_conf_set(conf, "log_level", "2", error, sizeof error);
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (host == NULL)
        fprintf(stderr, "mock_broker: %s\n", error);
    return host;
}

int main(int argc, char **argv)
{
    int status = EXIT_FAILURE;
    int number;
    sigset_t ends;
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;

    /* Before librdkafka makes its threads, so that they inherit it. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);

    host = new_host();
    if (host == NULL)
        return EXIT_FAILURE;
    cluster = rd_kafka_mock_cluster_new(host, 1);
    if (cluster == NULL) {
        fprintf(stderr, "mock_broker: the cluster could not be made\n");
        goto err1;
    }
    for (int i = 1; i < argc; i++) {
        if (create_topic(cluster, argv[i]) != 0)
            goto err2;
    }
    printf("bootstrap.servers=%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    sigwait(&ends, &number);
    status = EXIT_SUCCESS;

err2:
    rd_kafka_mock_cluster_destroy(cluster);
err1:
    rd_kafka_destroy(host);
    return status;
}
