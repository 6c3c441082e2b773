#include "issue-worker/advice/advice_sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <librdkafka/rdkafka.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/kafka/kafka_conf.h"

#define ASK_TIMEOUT_MS 10000

struct advice_client {
    rd_kafka_t *kafka;
    rd_kafka_topic_t *topic;
    const char *name; /* of the topic */
    const char *group;
};

struct advice_client *advice_client_new(const struct kafka_options *options, const char *group,
                                        char *error, size_t error_size)
{
    static const struct kafka_setting defaults[] = {
        {"client.id", "issue-worker-advice"}, {"reconnect.backoff.max.ms", "2000"}, {NULL, NULL}};
    const struct kafka_setting fixed[] = {
        {"group.id", group},
        {"enable.auto.commit", "false"},
        {"allow.auto.create.topics", "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(options, defaults, fixed, error, error_size);
    struct advice_client *client = calloc(1, sizeof *client);

    CHECK(client, "out of memory");
    client->name = options->topic;
    client->group = group;
    if (conf) {
        client->kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, error_size);
        if (!client->kafka)
            rd_kafka_conf_destroy(conf);
    }
    if (client->kafka) {
        client->topic = rd_kafka_topic_new(client->kafka, client->name, NULL);
        if (!client->topic)
            snprintf(error, error_size, "topic %s: %s", client->name,
                     rd_kafka_err2str(rd_kafka_last_error()));
    }
    if (client->topic)
        return client;
    advice_client_free(client);
    return NULL;
}

void advice_client_free(struct advice_client *client)
{
    if (!client)
        return;
    if (client->topic)
        rd_kafka_topic_destroy(client->topic);
    if (client->kafka)
        rd_kafka_destroy(client->kafka);
    free(client);
}

static bool fail(const struct advice_client *client, rd_kafka_resp_err_t code, const char *what,
                 char *error, size_t error_size)
{
    snprintf(error, error_size, "%s %s: %s", what, what[0] == 'g' ? client->group : client->name,
             rd_kafka_err2str(code));
    return false;
}

static bool count_partitions(const struct advice_client *client, struct advice_sample *sample,
                             char *error, size_t error_size)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(client->kafka, 0, client->topic, &metadata, ASK_TIMEOUT_MS);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = metadata->topics[0].err;
        sample->count = (size_t)metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
    }
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || fail(client, code, "topic", error, error_size);
}

/* A group that does not exist has no members. */
static bool count_consumers(const struct advice_client *client, struct advice_sample *sample,
                            char *error, size_t error_size)
{
    const struct rd_kafka_group_list *groups;
    rd_kafka_resp_err_t code =
        rd_kafka_list_groups(client->kafka, client->group, &groups, ASK_TIMEOUT_MS);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(client, code, "group", error, error_size);
    for (int i = 0; i < groups->group_cnt; i++)
        sample->consumers += (size_t)groups->groups[i].member_cnt;
    rd_kafka_group_list_destroy(groups);
    return true;
}

static bool find_places(const struct advice_client *client, struct advice_sample *sample,
                        char *error, size_t error_size)
{
    rd_kafka_topic_partition_list_t *committed =
        rd_kafka_topic_partition_list_new((int)sample->count);
    rd_kafka_resp_err_t code;

    for (size_t i = 0; i < sample->count; i++)
        rd_kafka_topic_partition_list_add(committed, client->name, (int32_t)i);
    code = rd_kafka_committed(client->kafka, committed, ASK_TIMEOUT_MS);
    for (size_t i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < sample->count; i++) {
        struct advice_place *place = &sample->places[i];
        int64_t offset = committed->elems[i].offset, begin = 0;

        code = rd_kafka_query_watermark_offsets(client->kafka, client->name, (int32_t)i, &begin,
                                                &place->end, ASK_TIMEOUT_MS);
        place->decided = offset < begin ? begin : offset;
        place->end = place->end < place->decided ? place->decided : place->end;
    }
    rd_kafka_topic_partition_list_destroy(committed);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || fail(client, code, "topic", error, error_size);
}

bool advice_sample_take(struct advice_client *client, struct advice_sample *sample, char *error,
                        size_t error_size)
{
    *sample = (struct advice_sample){0};
    if (!count_partitions(client, sample, error, error_size) ||
        !count_consumers(client, sample, error, error_size))
        return false;
    sample->places = calloc(sample->count + 1, sizeof *sample->places);
    CHECK(sample->places, "out of memory");
    sample->at_us = clock_monotonic_us();
    if (find_places(client, sample, error, error_size))
        return true;
    advice_sample_free(sample);
    return false;
}

void advice_sample_free(struct advice_sample *sample)
{
    free(sample->places);
    sample->places = NULL;
}
