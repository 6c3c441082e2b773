/* A record of the request topic: read as a second reader of the contract reads it, the same by the
 * short cut and by the long way, and written and read back without loss.
 *
 * Input: the key ("-": null) · the record's timestamp · the value (no third line: null). */
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "common/base/timestamp.h"
#include "common/contract/issue_request.h"
#include "common/contract/issue_request_own.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

static bool model_text(const json_t *object, const char *name, const char **text, size_t *len)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL || json_is_null(value))
        return false;
    *text = json_is_string(value) ? json_string_value(value) : "";
    *len = json_is_string(value) ? json_string_length(value) : 0;
    return true;
}

/* Absent and null are 0. False: it is there, and not an integer from 1. */
static bool model_id(const json_t *object, const char *name, uint64_t *id)
{
    const json_t *value = json_object_get(object, name);

    *id = 0;
    if (value == NULL || json_is_null(value))
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < 1)
        return false;
    *id = (uint64_t)json_integer_value(value);
    return true;
}

static bool model_time(const json_t *object, int64_t timestamp_ms, int64_t *wall_ms)
{
    static const char *const names[] = {"acceptedAt", "issuedAt", "timestamp"};

    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(object, names[i]);

        if (value == NULL || json_is_null(value))
            continue;
        if (json_is_integer(value)) {
            *wall_ms = json_integer_value(value);
            return *wall_ms >= 0 && *wall_ms <= TIMESTAMP_MAX_MS;
        }
        return json_is_string(value) &&
               timestamp_parse(json_string_value(value), json_string_length(value), wall_ms);
    }
    *wall_ms = timestamp_ms;
    return timestamp_ms >= 0 && timestamp_ms <= TIMESTAMP_MAX_MS;
}

static bool model_key(const struct issue_record *record, const struct issue_request *request)
{
    struct http_slice key = {record->key, record->key_len};
    uint64_t id = request->coupon_id != 0 ? request->coupon_id : request->policy_id;
    uint64_t named;

    if (request->coupon_id != 0 && key.len > 7 && memcmp(key.data, "coupon-", 7) == 0)
        key = (struct http_slice){key.data + 7, key.len - 7};
    return fuzz_decimal(key, false, 1, INT64_MAX, &named) && named == id;
}

/* Read an object. request_id is left empty where the record has none. */
static enum issue_request_fault
model_object(const json_t *object, const struct issue_record *record, struct issue_request *request)
{
    const char *text;
    size_t len;
    uint64_t version;
    bool good = model_id(object, "schemaVersion", &version);

    if (good && version == 0)
        good = model_id(object, "version", &version);
    if (good && version > 1)
        return ISSUE_REQUEST_NEW_VERSION;
    if (model_text(object, "requestId", &text, &len) ||
        model_text(object, "eventId", &text, &len)) {
        if (!request_id_valid(text, len))
            return ISSUE_REQUEST_WRONG_SHAPE;
        memcpy(request->request_id, text, len + 1);
    }
    good = good && model_id(object, "couponId", &request->coupon_id) &&
           (request->coupon_id != 0 || model_id(object, "policyId", &request->policy_id)) &&
           request->coupon_id + request->policy_id != 0 &&
           model_id(object, "userId", &request->user_id) && request->user_id != 0 &&
           model_time(object, record->timestamp_ms, &request->accepted_at_ms);
    if (!good)
        return ISSUE_REQUEST_WRONG_SHAPE;
    if (record->key == NULL || record->key_len == 0)
        return ISSUE_REQUEST_NO_KEY;
    return model_key(record, request) ? ISSUE_REQUEST_OK : ISSUE_REQUEST_OTHER_KEY;
}

static enum issue_request_fault model_decode(const struct issue_record *record,
                                             struct issue_request *request)
{
    enum issue_request_fault fault = ISSUE_REQUEST_WRONG_SHAPE;
    json_t *value;

    memset(request, 0, sizeof *request);
    if (record->value == NULL || record->value_len == 0)
        return ISSUE_REQUEST_EMPTY;
    if (record->value_len > ISSUE_REQUEST_VALUE_MAX)
        return ISSUE_REQUEST_TOO_LONG;
    value = memchr(record->value, '\0', record->value_len) == NULL
                ? json_loadb(record->value, record->value_len,
                             JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL)
                : NULL;
    if (value == NULL)
        return ISSUE_REQUEST_NOT_JSON;
    if (json_is_object(value))
        fault = model_object(value, record, request);
    json_decref(value);
    return fault;
}

static void expect_same(const struct issue_request *seen, const struct issue_request *expected)
{
    EXPECT(seen->coupon_id == expected->coupon_id && seen->policy_id == expected->policy_id &&
               seen->user_id == expected->user_id &&
               seen->accepted_at_ms == expected->accepted_at_ms,
           "coupon %" PRIu64 ", policy %" PRIu64 ", user %" PRIu64 ", at %" PRId64
           "; expected %" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRId64,
           seen->coupon_id, seen->policy_id, seen->user_id, seen->accepted_at_ms,
           expected->coupon_id, expected->policy_id, expected->user_id, expected->accepted_at_ms);
    EXPECT(request_id_valid(seen->request_id, strlen(seen->request_id)), "id \"%s\"",
           seen->request_id);
    EXPECT(expected->request_id[0] == '\0' || strcmp(seen->request_id, expected->request_id) == 0,
           "id %s, expected %s", seen->request_id, expected->request_id);
}

/* What is left of a record that was refused is sound too: its result is stored under its id. */
static void expect_sound(const struct issue_request *request)
{
    EXPECT(request->request_id[0] == '\0' ||
               request_id_valid(request->request_id, strlen(request->request_id)),
           "id \"%s\"", request->request_id);
    EXPECT(request->coupon_id <= INT64_MAX && request->policy_id <= INT64_MAX &&
               request->user_id <= INT64_MAX && request->accepted_at_ms >= 0 &&
               request->accepted_at_ms <= TIMESTAMP_MAX_MS,
           "coupon %" PRIu64 ", user %" PRIu64 ", at %" PRId64, request->coupon_id,
           request->user_id, request->accepted_at_ms);
}

/* A blank behind the value turns the short cut away, and changes nothing. */
static void expect_long_way_agrees(const struct issue_record *record,
                                   const struct issue_request *request)
{
    struct issue_record longer = *record;
    char *value = malloc(record->value_len + 1);
    struct issue_request own, other;

    memcpy(value, record->value, record->value_len);
    value[record->value_len] = ' ';
    longer.value = value;
    longer.value_len++;
    EXPECT(!issue_request_decode_own(&longer, &own), "the short cut takes a blank at the end");
    if (issue_request_decode_own(record, &own)) {
        EXPECT(issue_request_decode(&longer, &other, NULL, 0) == ISSUE_REQUEST_OK,
               "the long way refuses what the short cut takes");
        EXPECT(memcmp(&own, &other, sizeof own) == 0 && memcmp(&own, request, sizeof own) == 0,
               "the short cut reads %s, the long way %s", own.request_id, other.request_id);
    }
    free(value);
}

static void expect_back(const struct issue_record *record, const struct issue_request *request)
{
    struct issue_record written = *record;
    struct issue_request back, own;
    struct strbuf value = STRBUF_INIT;
    char key[24];

    snprintf(key, sizeof key, "%" PRIu64, request->coupon_id + request->policy_id);
    issue_request_encode(request, &value);
    written.key = key;
    written.key_len = strlen(key);
    written.value = value.data;
    written.value_len = value.len;
    EXPECT(issue_request_decode(&written, &back, NULL, 0) == ISSUE_REQUEST_OK &&
               memcmp(&back, request, sizeof back) == 0,
           "%s is not read back", value.data);
    EXPECT(issue_request_decode_own(&written, &own) ==
               (request->coupon_id != 0 && strlen(key) <= 18 &&
                request->user_id < UINT64_C(1000000000000000000)),
           "short cut for %s", value.data);
    strbuf_free(&value);
}

static void check(const struct issue_record *record)
{
    struct issue_request request, again, expected;
    char detail[200] = "";
    enum issue_request_fault fault = issue_request_decode(record, &request, detail, sizeof detail);
    enum issue_request_fault expected_fault = model_decode(record, &expected);

    EXPECT(fault == expected_fault, "%s (%s), expected %s", issue_request_fault_name(fault), detail,
           issue_request_fault_name(expected_fault));
    EXPECT((fault == ISSUE_REQUEST_OK) == (detail[0] == '\0'), "detail \"%s\"", detail);
    for (size_t i = 0; detail[i] != '\0'; i++)
        EXPECT(detail[i] >= ' ' && detail[i] <= '~', "detail \"%s\"", detail);
    expect_sound(&request);
    if (fault != ISSUE_REQUEST_OK)
        return;
    expect_same(&request, &expected);
    EXPECT(issue_request_decode(record, &again, NULL, 0) == ISSUE_REQUEST_OK &&
               memcmp(&again, &request, sizeof again) == 0,
           "a redelivery is read as %s", again.request_id);
    expect_long_way_agrees(record, &request);
    expect_back(record, &request);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_text text = {(const char *)bytes, (const char *)bytes + size};
    struct http_slice key = fuzz_line(&text);
    struct http_slice timestamp = fuzz_line(&text);
    bool has_value = text.at > (const char *)bytes && text.at[-1] == '\n' &&
                     timestamp.data + timestamp.len < text.end;
    struct http_slice value = fuzz_rest(&text);
    uint64_t timestamp_ms = 0;
    char *key_copy = fuzz_copy(key);
    char *value_copy = fuzz_copy(value);
    struct issue_record record = {
        .topic = "coupon-issue-request",
        .partition = (int32_t)size,
        .offset = (int64_t)key.len,
        .timestamp_ms = -1,
        .key = fuzz_same(key, "-") ? NULL : key_copy,
        .key_len = fuzz_same(key, "-") ? 0 : key.len,
        .value = has_value ? value_copy : NULL,
        .value_len = value.len,
    };

    if (fuzz_decimal(timestamp, true, 0, INT64_MAX, &timestamp_ms))
        record.timestamp_ms = (int64_t)timestamp_ms;
    check(&record);
    free(key_copy);
    free(value_copy);
    return 0;
}
