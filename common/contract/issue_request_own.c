#include "common/contract/issue_request_own.h"

#include <string.h>

#include "common/base/timestamp.h"

#define DIGITS_MAX 18 /* any number of that many fits */

/* What is still to be read. */
struct reader {
    const char *at, *end;
};

static bool skip(struct reader *reader, const char *text, size_t len)
{
    if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, text, len) != 0)
        return false;
    reader->at += len;
    return true;
}

#define SKIP(reader, literal) skip(reader, literal, sizeof(literal) - 1)

static bool read_request_id(struct reader *reader, char request_id[REQUEST_ID_MAX + 1])
{
    const char *quote = memchr(reader->at, '"', (size_t)(reader->end - reader->at));
    size_t len = quote ? (size_t)(quote - reader->at) : 0;

    if (!request_id_valid(reader->at, len))
        return false;
    memcpy(request_id, reader->at, len);
    request_id[len] = '\0';
    reader->at = quote;
    return true;
}

static bool read_id(struct reader *reader, uint64_t *id)
{
    const char *start = reader->at;

    *id = 0;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' &&
           reader->at - start < DIGITS_MAX)
        *id = *id * 10 + (uint64_t)(*reader->at++ - '0');
    return reader->at > start && *start != '0';
}

static bool read_time(struct reader *reader, int64_t *wall_ms)
{
    const size_t len = TIMESTAMP_SIZE - 1;

    if ((size_t)(reader->end - reader->at) < len || !timestamp_parse(reader->at, len, wall_ms))
        return false;
    reader->at += len;
    return true;
}

bool issue_request_decode_own(const struct issue_record *record, struct issue_request *request)
{
    struct reader reader = {record->value, record->value + record->value_len};
    const char *coupon_id;

    memset(request, 0, sizeof *request);
    if (!SKIP(&reader, "{\"schemaVersion\":1,\"requestId\":\"") ||
        !read_request_id(&reader, request->request_id) || !SKIP(&reader, "\",\"couponId\":"))
        return false;
    coupon_id = reader.at;
    if (!read_id(&reader, &request->coupon_id) || record->key == NULL ||
        record->key_len != (size_t)(reader.at - coupon_id) ||
        memcmp(record->key, coupon_id, record->key_len) != 0)
        return false;
    return SKIP(&reader, ",\"userId\":") && read_id(&reader, &request->user_id) &&
           SKIP(&reader, ",\"acceptedAt\":\"") && read_time(&reader, &request->accepted_at_ms) &&
           SKIP(&reader, "\"}") && reader.at == reader.end;
}
