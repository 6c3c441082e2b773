#include "common/http/http_reader.h"

#include <stdlib.h>
#include <string.h>

#include "common/http/http_target.h"
#include "common/base/check.h"

/* Most requests fit; a larger buffer is given back once the request is answered. */
#define READER_SMALL 1024
#define READER_KEEP 4096

static const struct http_refusal bad_blank_line =
    HTTP_REFUSAL_BAD_REQUEST("An empty line, or a stray line end, stands before the request.");
static const struct http_refusal bad_head =
    HTTP_REFUSAL_BAD_REQUEST("The head ends where it should go on.");
static const struct http_refusal bad_target =
    HTTP_REFUSAL_BAD_REQUEST("The request target is malformed.");
static const struct http_refusal bad_chunk =
    HTTP_REFUSAL_BAD_REQUEST("The chunked body is malformed.");
static const struct http_refusal head_too_large = {431, "HEAD_TOO_LARGE",
                                                   "The head of the request is too large."};
static const struct http_refusal body_too_large = {413, "CONTENT_TOO_LARGE",
                                                   "The body is larger than is allowed here."};

void http_reader_init(struct http_reader *reader, size_t max_head)
{
    reader->data = NULL;
    reader->capacity = 0;
    reader->max_head = max_head;
    http_reader_next(reader);
}

void http_reader_free(struct http_reader *reader)
{
    free(reader->data);
    reader->data = NULL;
    reader->capacity = 0;
}

void http_reader_next(struct http_reader *reader)
{
    if (reader->capacity > READER_KEEP)
        http_reader_free(reader);
    reader->state = HTTP_READER_IDLE;
    reader->len = 0;
    reader->parsed = 0;
    reader->head_len = 0;
    reader->blank = 0;
    reader->refusal = NULL;
    http_head_init(&reader->head, &reader->request);
}

static void fail(struct http_reader *reader, const struct http_refusal *refusal)
{
    reader->state = HTTP_READER_FAILED;
    reader->refusal = refusal;
}

/* Copy bytes behind those kept so far. */
static void append(struct http_reader *reader, const char *data, size_t len)
{
    if (reader->capacity - reader->len < len) {
        size_t capacity = reader->capacity > 0 ? reader->capacity : READER_SMALL;
        char *grown;

        while (capacity - reader->len < len)
            capacity *= 2;
        grown = malloc(capacity);
        CHECK(grown != NULL, "out of memory for %zu bytes of a request", capacity);
        if (reader->len > 0) {
            memcpy(grown, reader->data, reader->len);
            http_head_moved(&reader->head, reader->data, reader->len, grown);
        }
        free(reader->data);
        reader->data = grown;
        reader->capacity = capacity;
    }
    memcpy(reader->data + reader->len, data, len);
    reader->len += len;
}

/* RFC 9112 section 2.2: one CRLF in front of a request line is skipped. */
static size_t skip_blank(struct http_reader *reader, char c)
{
    if (reader->blank < 2 && c == "\r\n"[reader->blank])
        reader->blank++;
    else
        fail(reader, &bad_blank_line);
    return 1;
}

static void finish_head(struct http_reader *reader)
{
    struct http_request *request = &reader->request;
    const struct http_refusal *refusal;
    bool split;

    if (!reader->head.complete) {
        fail(reader, &bad_head);
        return;
    }
    /* Whoever is refused gets the path's kind of answer, so it is wanted in any case. */
    split = http_target_split(reader->head.target, &request->path, &request->query);
    refusal = http_framing_read(&reader->framing, request, reader->head.http_1_0);
    if (refusal == NULL && !split)
        refusal = &bad_target;
    if (refusal != NULL) {
        fail(reader, refusal);
        return;
    }
    reader->head_len = reader->len;
    reader->state = HTTP_READER_HEAD_DONE;
}

/* Find where the lines that are complete end, and whether the last of them is the empty one. */
static size_t whole_lines(const struct http_reader *reader, bool *ends)
{
    const char *end = reader->data + reader->len;
    const char *line = reader->data + reader->parsed;
    const char *lf;

    *ends = false;
    while (!*ends && (lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        *ends = lf == line || (lf == line + 1 && line[0] == '\r');
        line = lf + 1;
    }
    return (size_t)(line - reader->data);
}

static size_t feed_head(struct http_reader *reader, const char *data, size_t len)
{
    size_t before = reader->len;
    size_t room = reader->max_head - before;
    const struct http_refusal *refusal = NULL;
    size_t parse_to;
    bool ends;

    reader->state = HTTP_READER_IN_HEAD;
    append(reader, data, len < room ? len : room);
    parse_to = whole_lines(reader, &ends);
    if (ends)
        reader->len = parse_to;
    if (parse_to > reader->parsed)
        refusal = http_head_parse(&reader->head, reader->data + reader->parsed,
                                  parse_to - reader->parsed);
    reader->parsed = parse_to;
    if (refusal != NULL)
        fail(reader, refusal);
    else if (ends)
        finish_head(reader);
    else if (reader->len == reader->max_head)
        fail(reader, &head_too_large);
    return reader->len - before;
}

static void finish_body(struct http_reader *reader)
{
    reader->request.body =
        (struct http_slice){reader->data + reader->head_len, reader->len - reader->head_len};
    reader->state = HTTP_READER_DONE;
}

static size_t feed_length(struct http_reader *reader, const char *data, size_t len)
{
    size_t used = reader->body_left < len ? (size_t)reader->body_left : len;

    append(reader, data, used);
    reader->body_left -= used;
    if (reader->body_left == 0)
        finish_body(reader);
    return used;
}

static size_t feed_chunked(struct http_reader *reader, const char *data, size_t len)
{
    struct http_slice piece;
    size_t used = 0;

    switch (http_chunked_next(&reader->chunked, data, len, &used, &piece)) {
    case HTTP_CHUNKED_MORE:
        break;
    case HTTP_CHUNKED_DATA:
        append(reader, piece.data, piece.len);
        break;
    case HTTP_CHUNKED_DONE:
        finish_body(reader);
        break;
    case HTTP_CHUNKED_MALFORMED:
        fail(reader, &bad_chunk);
        break;
    case HTTP_CHUNKED_TOO_LARGE:
        fail(reader, &body_too_large);
        break;
    }
    return used;
}

size_t http_reader_feed(struct http_reader *reader, const char *data, size_t len)
{
    if (len == 0)
        return 0;
    switch (reader->state) {
    case HTTP_READER_IDLE:
        if (data[0] == '\r' || data[0] == '\n' || reader->blank == 1)
            return skip_blank(reader, data[0]);
        return feed_head(reader, data, len);
    case HTTP_READER_IN_HEAD:
        return feed_head(reader, data, len);
    case HTTP_READER_IN_BODY:
        return reader->framing.chunked ? feed_chunked(reader, data, len)
                                       : feed_length(reader, data, len);
    case HTTP_READER_HEAD_DONE:
    case HTTP_READER_DONE:
    case HTTP_READER_FAILED:
        break;
    }
    return 0;
}

void http_reader_accept_body(struct http_reader *reader, size_t max_body)
{
    CHECK(reader->state == HTTP_READER_HEAD_DONE, "state=%d", reader->state);
    reader->body_left = reader->framing.content_length;
    http_chunked_init(&reader->chunked, max_body);
    if (reader->body_left > max_body)
        fail(reader, &body_too_large);
    else if (http_framing_has_body(&reader->framing))
        reader->state = HTTP_READER_IN_BODY;
    else
        finish_body(reader);
}
