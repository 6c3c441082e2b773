#include "issue-worker/dlt/dlt_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/kafka/kafka_conf.h"

#define ASK_TIMEOUT_MS 10000
#define SILENCE_MAX_US INT64_C(30000000)
#define POLL_MS 100
#define TOPIC_SIZE 300

struct range {
    int64_t begin, end; /* end: behind the last one; begin == end: nothing left */
    bool started;
};

struct dlt_reader {
    char name[TOPIC_SIZE];
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    struct range *ranges; /* one a partition */
    int32_t partitions;
    int32_t open; /* ranges that are not at their end */
    int64_t total;
    int64_t heard_us; /* monotonic time of the last record */
};

static bool count_partitions(struct dlt_reader *reader, char *error, size_t error_size)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(reader->client, 0, reader->topic, &metadata, ASK_TIMEOUT_MS);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = metadata->topics[0].err;
        reader->partitions = metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        snprintf(error, error_size, "topic %s: %s", reader->name, rd_kafka_err2str(code));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The part of the range in which the ids of the partition lie. */
static void narrow(struct range *range, int32_t partition, const struct dlt_ids *ids)
{
    int64_t first = INT64_MAX, last = -1;

    for (size_t i = 0; i < ids->count; i++) {
        if (ids->items[i].partition != partition)
            continue;
        first = ids->items[i].offset < first ? ids->items[i].offset : first;
        last = ids->items[i].offset > last ? ids->items[i].offset : last;
    }
    range->begin = first > range->begin ? first : range->begin;
    range->end = last < range->end ? last + 1 : range->end;
    if (range->begin > range->end)
        range->begin = range->end;
}

static bool find_ranges(struct dlt_reader *reader, const struct dlt_ids *ids, char *error,
                        size_t error_size)
{
    reader->ranges = calloc((size_t)reader->partitions + 1, sizeof *reader->ranges);
    CHECK(reader->ranges, "out of memory");
    for (int32_t partition = 0; partition < reader->partitions; partition++) {
        struct range *range = &reader->ranges[partition];
        rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
            reader->client, reader->name, partition, &range->begin, &range->end, ASK_TIMEOUT_MS);

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            snprintf(error, error_size, "topic %s, partition %" PRId32 ": %s", reader->name,
                     partition, rd_kafka_err2str(code));
            return false;
        }
        if (ids->count > 0)
            narrow(range, partition, ids);
        reader->total += range->end - range->begin;
    }
    return true;
}

static bool start(struct dlt_reader *reader, char *error, size_t error_size)
{
    for (int32_t partition = 0; partition < reader->partitions; partition++) {
        struct range *range = &reader->ranges[partition];

        if (range->begin == range->end)
            continue;
        if (rd_kafka_consume_start_queue(reader->topic, partition, range->begin, reader->queue) !=
            0) {
            snprintf(error, error_size, "topic %s, partition %" PRId32 ": %s", reader->name,
                     partition, rd_kafka_err2str(rd_kafka_last_error()));
            return false;
        }
        range->started = true;
        reader->open++;
    }
    reader->heard_us = clock_monotonic_us();
    return true;
}

static bool open_client(struct dlt_reader *reader, const struct kafka_options *options, char *error,
                        size_t error_size)
{
    static const struct kafka_setting defaults[] = {
        {"client.id", "issue-worker-dlt"},       {"fetch.wait.max.ms", "100"},
        {"queued.max.messages.kbytes", "16384"}, {"reconnect.backoff.max.ms", "2000"},
        {"fetch.message.max.bytes", "4194304"},  {NULL, NULL},
    };
    static const struct kafka_setting fixed[] = {
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "earliest"},
        {"allow.auto.create.topics", "false"},
        {"isolation.level", "read_committed"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(options, defaults, fixed, error, error_size);

    if (!conf)
        return false;
    reader->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, error_size);
    if (!reader->client) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    reader->queue = rd_kafka_queue_new(reader->client);
    reader->topic = rd_kafka_topic_new(reader->client, reader->name, NULL);
    if (!reader->topic)
        snprintf(error, error_size, "topic %s: %s", reader->name,
                 rd_kafka_err2str(rd_kafka_last_error()));
    return reader->topic;
}

struct dlt_reader *dlt_reader_new(const struct kafka_options *options, const struct dlt_ids *ids,
                                  char *error, size_t error_size)
{
    struct dlt_reader *reader = calloc(1, sizeof *reader);

    CHECK(reader, "out of memory");
    snprintf(reader->name, sizeof reader->name, "%s%s", options->topic, options->dlt_suffix);
    if (open_client(reader, options, error, error_size) &&
        count_partitions(reader, error, error_size) &&
        find_ranges(reader, ids, error, error_size) && start(reader, error, error_size))
        return reader;
    dlt_reader_free(reader);
    return NULL;
}

void dlt_reader_free(struct dlt_reader *reader)
{
    if (!reader)
        return;
    for (int32_t partition = 0; reader->ranges && partition < reader->partitions; partition++)
        if (reader->ranges[partition].started)
            rd_kafka_consume_stop(reader->topic, partition);
    if (reader->topic)
        rd_kafka_topic_destroy(reader->topic);
    if (reader->queue)
        rd_kafka_queue_destroy(reader->queue);
    if (reader->client)
        rd_kafka_destroy(reader->client);
    free(reader->ranges);
    free(reader);
}

const char *dlt_reader_topic(const struct dlt_reader *reader)
{
    return reader->name;
}

int64_t dlt_reader_total(const struct dlt_reader *reader)
{
    return reader->total;
}

static void close_range(struct dlt_reader *reader, struct range *range)
{
    if (range->begin == range->end)
        return;
    range->begin = range->end;
    reader->open--;
}

/* True: the message is one of those asked for. */
static bool take(struct dlt_reader *reader, const rd_kafka_message_t *message)
{
    struct range *range = &reader->ranges[message->partition];
    bool wanted = message->offset >= range->begin && message->offset < range->end;

    if (message->offset + 1 >= range->end)
        close_range(reader, range);
    else if (wanted)
        range->begin = message->offset + 1;
    return wanted;
}

enum dlt_read dlt_reader_next(struct dlt_reader *reader, rd_kafka_message_t **message, char *error,
                              size_t error_size)
{
    rd_kafka_message_t *got;
    enum dlt_read read = DLT_READ_NOTHING_YET;

    if (reader->open == 0)
        return DLT_READ_END;
    got = rd_kafka_consume_queue(reader->queue, POLL_MS);
    if (!got) {
        if (clock_monotonic_us() - reader->heard_us < SILENCE_MAX_US)
            return DLT_READ_NOTHING_YET;
        snprintf(error, error_size, "topic %s: the brokers are silent", reader->name);
        return DLT_READ_FAILED;
    }
    if (got->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        reader->heard_us = clock_monotonic_us();
        if (take(reader, got)) {
            *message = got;
            return DLT_READ_RECORD;
        }
    } else if (got->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        close_range(reader, &reader->ranges[got->partition]);
    } else if (got->err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN &&
               got->err != RD_KAFKA_RESP_ERR__TRANSPORT) {
        snprintf(error, error_size, "topic %s, partition %" PRId32 ": %s", reader->name,
                 got->partition, rd_kafka_message_errstr(got));
        read = DLT_READ_FAILED;
    }
    rd_kafka_message_destroy(got);
    return read;
}
