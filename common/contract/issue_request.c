#include "common/contract/issue_request.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"
#include "common/base/timestamp.h"
#include "common/contract/issue_request_own.h"
#include "common/contract/json.h"

const char *issue_request_fault_name(enum issue_request_fault fault)
{
    switch (fault) {
    case ISSUE_REQUEST_OK:
        return "OK";
    case ISSUE_REQUEST_EMPTY:
        return "EMPTY";
    case ISSUE_REQUEST_TOO_LONG:
        return "TOO_LONG";
    case ISSUE_REQUEST_NOT_JSON:
        return "NOT_JSON";
    case ISSUE_REQUEST_WRONG_SHAPE:
        return "WRONG_SHAPE";
    case ISSUE_REQUEST_NEW_VERSION:
        return "NEW_VERSION";
    case ISSUE_REQUEST_NO_KEY:
        return "NO_KEY";
    case ISSUE_REQUEST_OTHER_KEY:
        return "OTHER_KEY";
    case ISSUE_REQUEST_REFUSED:
        return "REFUSED";
    }
    CHECK(false, "fault %d", (int)fault);
    return "";
}

void issue_request_encode(const struct issue_request *request, struct strbuf *out)
{
    size_t id_len = strnlen(request->request_id, sizeof request->request_id);
    char accepted_at[TIMESTAMP_SIZE];

    CHECK(request_id_valid(request->request_id, id_len), "request id of %zu bytes", id_len);
    timestamp_format(request->accepted_at_ms, accepted_at);
    strbuf_add_text(out, "{\"schemaVersion\":1,\"requestId\":\"");
    strbuf_add(out, request->request_id, id_len);
    if (request->coupon_id != 0) {
        strbuf_add_text(out, "\",\"couponId\":");
        strbuf_add_u64(out, request->coupon_id);
    } else {
        strbuf_add_text(out, "\",\"policyId\":");
        strbuf_add_u64(out, request->policy_id);
    }
    strbuf_add_text(out, ",\"userId\":");
    strbuf_add_u64(out, request->user_id);
    strbuf_add_text(out, ",\"acceptedAt\":\"");
    strbuf_add(out, accepted_at, TIMESTAMP_SIZE - 1);
    strbuf_add_text(out, "\"}");
}

/* A record being read. The first fault stays. */
struct decoding {
    const struct issue_record *record;
    const struct json_t *value;
    struct issue_request *request;
    char *detail;
    size_t detail_size;
    enum issue_request_fault fault;
};

static void fail(struct decoding *decoding, enum issue_request_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail(struct decoding *decoding, enum issue_request_fault fault, const char *format, ...)
{
    va_list arguments;

    if (decoding->fault != ISSUE_REQUEST_OK)
        return;
    decoding->fault = fault;
    if (decoding->detail == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(decoding->detail, decoding->detail_size, format, arguments);
    va_end(arguments);
}

static void read_version(struct decoding *decoding)
{
    const char *name = "schemaVersion";
    int64_t version = ISSUE_REQUEST_VERSION;
    enum json_field field = json_get_integer(decoding->value, name, 1, INT64_MAX, &version);

    if (field == JSON_FIELD_ABSENT) {
        name = "version";
        field = json_get_integer(decoding->value, name, 1, INT64_MAX, &version);
    }
    if (field == JSON_FIELD_WRONG)
        fail(decoding, ISSUE_REQUEST_WRONG_SHAPE, "%s is not an integer of at least 1", name);
    else if (version > ISSUE_REQUEST_VERSION)
        fail(decoding, ISSUE_REQUEST_NEW_VERSION, "%s is %" PRId64 ", known are versions up to %d",
             name, version, ISSUE_REQUEST_VERSION);
}

/* False: the record names no id. */
static bool read_request_id(struct decoding *decoding)
{
    const char *name = "requestId";
    const char *text;
    size_t len;
    enum json_field field = json_get_text(decoding->value, name, &text, &len);

    if (field == JSON_FIELD_ABSENT) {
        name = "eventId";
        field = json_get_text(decoding->value, name, &text, &len);
    }
    if (field == JSON_FIELD_ABSENT)
        return false;
    if (field == JSON_FIELD_WRONG)
        fail(decoding, ISSUE_REQUEST_WRONG_SHAPE, "%s is not a string", name);
    else if (!request_id_valid(text, len))
        fail(decoding, ISSUE_REQUEST_WRONG_SHAPE, "%s is not 1 to %d characters of [A-Za-z0-9._-]",
             name, REQUEST_ID_MAX);
    else
        memcpy(decoding->request->request_id, text, len + 1);
    return true;
}

static enum json_field read_id(struct decoding *decoding, const char *name, uint64_t *id)
{
    enum json_field field = json_get_id(decoding->value, name, id);

    if (field == JSON_FIELD_WRONG)
        fail(decoding, ISSUE_REQUEST_WRONG_SHAPE, "%s is not an integer of 1 to %" PRId64, name,
             INT64_MAX);
    return field;
}

static void read_ids(struct decoding *decoding)
{
    struct issue_request *request = decoding->request;

    if (read_id(decoding, "couponId", &request->coupon_id) == JSON_FIELD_ABSENT &&
        read_id(decoding, "policyId", &request->policy_id) == JSON_FIELD_ABSENT)
        fail(decoding, ISSUE_REQUEST_WRONG_SHAPE, "neither couponId nor policyId is given");
    if (read_id(decoding, "userId", &request->user_id) == JSON_FIELD_ABSENT)
        fail(decoding, ISSUE_REQUEST_WRONG_SHAPE, "userId is not given");
}

static void read_time(struct decoding *decoding)
{
    static const char *const names[] = {"acceptedAt", "issuedAt", "timestamp"};
    int64_t *accepted_at_ms = &decoding->request->accepted_at_ms;
    int64_t timestamp_ms = decoding->record->timestamp_ms;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        enum json_field field = json_get_time(decoding->value, names[i], accepted_at_ms);

        if (field == JSON_FIELD_WRONG)
            fail(decoding, ISSUE_REQUEST_WRONG_SHAPE,
                 "%s is neither an RFC 3339 date-time nor milliseconds since 1970", names[i]);
        if (field != JSON_FIELD_ABSENT)
            return;
    }
    /* The timestamp is the producer's word: any 64 bits. */
    if (timestamp_ms < 0 || timestamp_ms > TIMESTAMP_MAX_MS)
        fail(decoding, ISSUE_REQUEST_WRONG_SHAPE,
             "acceptedAt is not given, and the record has no usable timestamp");
    else
        *accepted_at_ms = timestamp_ms;
}

static bool key_is(const char *key, size_t key_len, uint64_t id)
{
    char decimal[21];
    size_t start = sizeof decimal;

    for (; id != 0; id /= 10)
        decimal[--start] = (char)('0' + id % 10);
    return key_len == sizeof decimal - start && memcmp(key, decimal + start, key_len) == 0;
}

static void check_key(struct decoding *decoding)
{
    static const char prefix[] = "coupon-";
    const size_t prefix_len = sizeof prefix - 1;
    const struct issue_request *request = decoding->request;
    const char *key = decoding->record->key;
    size_t len = decoding->record->key_len;

    if (key == NULL || len == 0) {
        fail(decoding, ISSUE_REQUEST_NO_KEY, "the record has no key");
    } else if (request->coupon_id == 0) {
        if (!key_is(key, len, request->policy_id))
            fail(decoding, ISSUE_REQUEST_OTHER_KEY, "the key is not the policyId");
    } else {
        if (len > prefix_len && memcmp(key, prefix, prefix_len) == 0) {
            key += prefix_len;
            len -= prefix_len;
        }
        if (!key_is(key, len, request->coupon_id))
            fail(decoding, ISSUE_REQUEST_OTHER_KEY, "the key is not the couponId");
    }
}

/* Two records never get the same id: what follows the topic is told apart from its end. */
static void make_request_id(const struct issue_record *record, char request_id[REQUEST_ID_MAX + 1])
{
    unsigned char hash[16];
    crypto_generichash_state state;
    char place[40];
    size_t topic_len = strlen(record->topic);
    int32_t partition = record->replayed ? record->first_partition : record->partition;
    int64_t offset = record->replayed ? record->first_offset : record->offset;
    size_t place_len =
        (size_t)snprintf(place, sizeof place, "-%" PRId32 "-%" PRId64, partition, offset);

    if (topic_len + place_len <= REQUEST_ID_MAX && request_id_valid(record->topic, topic_len)) {
        memcpy(request_id, record->topic, topic_len);
        memcpy(request_id + topic_len, place, place_len + 1);
        return;
    }
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)record->topic, topic_len);
    crypto_generichash_update(&state, (const unsigned char *)place, place_len);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(request_id, REQUEST_ID_MAX + 1, hash, sizeof hash);
}

static void read_value(struct decoding *decoding)
{
    bool has_id;

    read_version(decoding);
    has_id = read_request_id(decoding);
    read_ids(decoding);
    read_time(decoding);
    if (decoding->fault == ISSUE_REQUEST_OK)
        check_key(decoding);
    if (decoding->fault == ISSUE_REQUEST_OK && !has_id)
        make_request_id(decoding->record, decoding->request->request_id);
}

enum issue_request_fault issue_request_decode(const struct issue_record *record,
                                              struct issue_request *request, char *detail,
                                              size_t detail_size)
{
    struct decoding decoding = {record, NULL, request, detail, detail_size, ISSUE_REQUEST_OK};
    struct json_t *value;
    char text[80];

    if (record->value != NULL && issue_request_decode_own(record, request))
        return ISSUE_REQUEST_OK;
    memset(request, 0, sizeof *request);
    if (record->value == NULL || record->value_len == 0) {
        fail(&decoding, ISSUE_REQUEST_EMPTY, "the record has no value");
        return decoding.fault;
    }
    if (record->value_len > ISSUE_REQUEST_VALUE_MAX) {
        fail(&decoding, ISSUE_REQUEST_TOO_LONG, "the value has %zu bytes, allowed are %d",
             record->value_len, ISSUE_REQUEST_VALUE_MAX);
        return decoding.fault;
    }
    switch (json_read_object(record->value, record->value_len, &value, text, sizeof text)) {
    case JSON_OK:
        break;
    case JSON_NOT_OBJECT:
        fail(&decoding, ISSUE_REQUEST_WRONG_SHAPE, "the value cannot be used: %s", text);
        return decoding.fault;
    case JSON_INVALID:
    case JSON_UNUSABLE:
        fail(&decoding, ISSUE_REQUEST_NOT_JSON, "the value cannot be read: %s", text);
        return decoding.fault;
    }
    decoding.value = value;
    read_value(&decoding);
    json_free(value);
    return decoding.fault;
}
