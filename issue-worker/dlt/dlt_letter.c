#include "issue-worker/dlt/dlt_letter.h"

#include <string.h>

#include "common/contract/issue_request.h"
#include "issue-worker/replay_mark.h"

#define PREFIX "kafka_dlt-"

bool dlt_header_is_ours(const char *name)
{
    return strncmp(name, PREFIX, strlen(PREFIX)) == 0 || strcmp(name, REPLAY_MARK_HEADER) == 0 ||
           strcmp(name, REPLAY_ORIGIN_HEADER) == 0;
}

static struct dlt_bytes find(const struct dlt_letter *letter, const char *name)
{
    for (size_t i = letter->header_count; i > 0; i--)
        if (strcmp(letter->headers[i - 1].name, name) == 0)
            return letter->headers[i - 1].value;
    return (struct dlt_bytes){NULL, 0};
}

/* A big-endian number of size bytes; false: the header is missing or of another size. */
static bool find_number(const struct dlt_letter *letter, const char *name, size_t size,
                        int64_t *number)
{
    struct dlt_bytes value = find(letter, name);
    uint64_t bits = 0;

    if (!value.data || value.len != size)
        return false;
    for (size_t i = 0; i < size; i++)
        bits = bits << 8 | (unsigned char)value.data[i];
    *number = size == 4 ? (int32_t)(uint32_t)bits : (int64_t)bits;
    return true;
}

static void read_record(struct dlt_letter *letter, const char *topic)
{
    int64_t partition, offset, timestamp_ms;

    letter->topic = find(letter, PREFIX "original-topic");
    letter->has_record =
        find_number(letter, PREFIX "original-partition", 4, &partition) &&
        find_number(letter, PREFIX "original-offset", 8, &offset) && partition >= 0 &&
        offset >= 0 &&
        (!letter->topic.data ||
         (letter->topic.len == strlen(topic) && !memcmp(letter->topic.data, topic, strlen(topic))));
    if (!letter->has_record) {
        letter->record =
            (struct dlt_record){letter->partition, letter->offset, letter->timestamp_ms};
        return;
    }
    if (!find_number(letter, PREFIX "original-timestamp", 8, &timestamp_ms))
        timestamp_ms = -1;
    letter->record = (struct dlt_record){(int32_t)partition, offset, timestamp_ms};
}

static void read_cause(struct dlt_letter *letter)
{
    int64_t retries;

    /* Spring's listener wraps what was thrown; the cause is what says something. */
    letter->cause = find(letter, PREFIX "exception-cause-fqcn");
    if (!letter->cause.data || letter->cause.len == 0)
        letter->cause = find(letter, PREFIX "exception-fqcn");
    letter->message = find(letter, PREFIX "exception-message");
    letter->retries = find_number(letter, PREFIX "retry-count", 4, &retries) ? retries : -1;
}

static void read_origin(struct dlt_letter *letter)
{
    struct dlt_bytes origin = find(letter, REPLAY_ORIGIN_HEADER);

    letter->origin_partition = letter->record.partition;
    letter->origin_offset = letter->record.offset;
    if (find(letter, REPLAY_MARK_HEADER).data && origin.data)
        replay_origin_parse(origin.data, origin.len, &letter->origin_partition,
                            &letter->origin_offset);
}

void dlt_letter_read(struct dlt_letter *letter, const char *topic)
{
    struct issue_record record = {
        .topic = topic,
        .key = letter->key.data,
        .key_len = letter->key.len,
        .value = letter->value.data,
        .value_len = letter->value.len,
    };
    struct issue_request request;

    read_record(letter, topic);
    read_cause(letter);
    read_origin(letter);
    record.partition = letter->record.partition;
    record.offset = letter->record.offset;
    record.timestamp_ms = letter->record.timestamp_ms;
    record.replayed = true; /* for an id that is made of its first place */
    record.first_partition = letter->origin_partition;
    record.first_offset = letter->origin_offset;
    issue_request_decode(&record, &request, NULL, 0);
    memcpy(letter->request_id, request.request_id, sizeof letter->request_id);
    letter->coupon_id = request.coupon_id;
    letter->user_id = request.user_id;
}

int64_t dlt_letter_timestamp(const struct dlt_letter *letter)
{
    if (letter->has_record && letter->record.timestamp_ms > 0)
        return letter->record.timestamp_ms;
    return letter->timestamp_ms > 0 ? letter->timestamp_ms : -1;
}
