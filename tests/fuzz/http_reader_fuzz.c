/* A stream of HTTP requests, however it is cut: the same requests, and no other than those that a
 * second, strict reader finds in the same bytes, at the same places. */
#include <string.h>

#include "common/base/strbuf.h"
#include "common/http/http_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/http_message.h"

/* Small, so that inputs reach them; the body's fits into http_message. */
#define MAX_HEAD 1024
#define MAX_BODY 300
#define MAX_DROPPED 4096

/* How a stream ended. */
struct ending {
    enum http_reader_state state;
    size_t requests;
    size_t start; /* of the request it stopped at */
    int status;   /* of the refusal, or 0 */
};

static void describe(const struct http_reader *reader, struct strbuf *seen)
{
    const struct http_request *request = &reader->request;

    strbuf_addf(seen, "%d %zu %zu ", request->method, request->path.len, request->query.len);
    strbuf_add(seen, request->path.data, request->path.len);
    strbuf_add(seen, request->query.data, request->query.len);
    for (size_t i = 0; i < request->field_count; i++) {
        strbuf_addf(seen, " %zu %zu ", request->fields[i].name.len, request->fields[i].value.len);
        strbuf_add(seen, request->fields[i].name.data, request->fields[i].name.len);
        strbuf_add(seen, request->fields[i].value.data, request->fields[i].value.len);
    }
    strbuf_addf(seen, " %d %d %zu ", reader->head.keep_alive, reader->framing.json,
                request->body.len);
    strbuf_add(seen, request->body.data, request->body.len);
}

static bool is_part(struct http_slice slice, struct message_part part)
{
    return slice.len == part.len && strncasecmp(slice.data, part.at, part.len) == 0;
}

static void expect_target(const struct http_request *request, struct message_part target)
{
    const char *mark;
    size_t skip;

    EXPECT(message_authority(target, &skip), "target %.*s", (int)target.len, target.at);
    target = (struct message_part){target.at + skip, target.len - skip};
    mark = memchr(target.at, '?', target.len);
    if (mark != NULL) {
        struct message_part query = {mark + 1, (size_t)(target.at + target.len - mark - 1)};

        EXPECT(is_part(request->query, query), "query %.*s", (int)query.len, query.at);
        target.len = (size_t)(mark - target.at);
    } else {
        EXPECT(request->query.len == 0, "a query of %zu bytes", request->query.len);
    }
    if (target.len == 0)
        target = (struct message_part){"/", 1};
    EXPECT(is_part(request->path, target), "path %.*s", (int)target.len, target.at);
}

/* The reader takes bytes as a whole request. */
static void expect_good(const struct http_reader *reader, const char *bytes, size_t len)
{
    static struct http_message message;
    const struct http_request *request = &reader->request;
    size_t used = 0;
    enum message_verdict verdict = message_judge(&message, bytes, len, MAX_BODY, &used);

    EXPECT(verdict == MESSAGE_GOOD, "a request of %zu bytes is judged %d", len, verdict);
    EXPECT(used == len, "it ends at %zu, the reader says %zu", used, len);
    EXPECT(message.head_len <= MAX_HEAD, "a head of %zu bytes", message.head_len);
    EXPECT(message.field_count == request->field_count && message.field_count <= HTTP_MAX_FIELDS,
           "%zu fields, the reader says %zu", message.field_count, request->field_count);
    for (size_t i = 0; i < request->field_count; i++) {
        const struct http_field *field = &request->fields[i];

        EXPECT(is_part(field->name, message.names[i]), "name of field %zu", i);
        EXPECT(is_part(field->value, message.values[i]), "value of field %zu", i);
        for (size_t at = 0; at < field->name.len; at++)
            EXPECT(!isupper((unsigned char)field->name.data[at]), "name of field %zu", i);
    }
    expect_target(request, message.target);
    EXPECT(request->body.len <= MAX_BODY && request->body.len == message.body_len &&
               memcmp(request->body.data, message.body, request->body.len) == 0,
           "a body of %zu bytes, expected %llu", request->body.len,
           (unsigned long long)message.body_len);
    EXPECT(reader->framing.chunked == message.chunked, "chunked: %d", message.chunked);
    EXPECT(!reader->head.keep_alive || !(message.close || message.http_1_0), "kept alive");
}

/* The reader stopped in front of the end of bytes. */
static void expect_bad(const struct ending *ending, const char *bytes, size_t len)
{
    static struct http_message message;
    size_t used = 0;
    enum message_verdict verdict = message_judge(&message, bytes, len, MAX_BODY, &used);
    bool limits = message.head_len > MAX_HEAD || message.field_count > HTTP_MAX_FIELDS ||
                  message.body_len > MAX_BODY || message.dropped > MAX_DROPPED;

    EXPECT(ending->status == 400 || ending->status == 431 || ending->status == 413, "status %d",
           ending->status);
    EXPECT(verdict != MESSAGE_GOOD || limits, "a good request of %zu bytes was refused with %d",
           used, ending->status);
    EXPECT(ending->status != 413 || message.body_len > MAX_BODY, "413 for %llu bytes",
           (unsigned long long)message.body_len);
}

static uint32_t next_random(uint32_t *random)
{
    *random = *random * 1664525 + 1013904223;
    return *random >> 16;
}

/* Feed a piece of exactly its own size. */
static size_t feed(struct http_reader *reader, const char *bytes, size_t len)
{
    char *piece = malloc(len);
    enum http_reader_state before = reader->state;
    size_t used;

    memcpy(piece, bytes, len);
    used = http_reader_feed(reader, piece, len);
    free(piece);
    EXPECT(used <= len, "%zu of %zu bytes used", used, len);
    EXPECT(used > 0, "stuck in state %d", before);
    EXPECT(reader->len <= MAX_HEAD + MAX_BODY, "%zu bytes kept", reader->len);
    return used;
}

/* Read the stream in pieces of up to step bytes (0: of random sizes), checking each request in it
 * when check is set. */
static struct ending read_stream(const char *bytes, size_t len, size_t step, bool check,
                                 struct strbuf *seen)
{
    struct ending ending = {HTTP_READER_IDLE, 0, 0, 0};
    struct http_reader reader;
    uint32_t random = (uint32_t)len;
    size_t at = 0;

    for (size_t i = 0; i < len; i++)
        random = random * 31 + (unsigned char)bytes[i];
    strbuf_clear(seen);
    http_reader_init(&reader, MAX_HEAD);
    while (at < len && reader.state != HTTP_READER_FAILED) {
        size_t piece = step > 0 ? step : 1 + next_random(&random) % 40;

        at += feed(&reader, bytes + at, piece < len - at ? piece : len - at);
        if (reader.state == HTTP_READER_HEAD_DONE)
            http_reader_accept_body(&reader, MAX_BODY);
        if (reader.state != HTTP_READER_DONE)
            continue;
        if (check)
            expect_good(&reader, bytes + ending.start, at - ending.start);
        describe(&reader, seen);
        ending.start = at;
        ending.requests++;
        http_reader_next(&reader);
    }
    ending.state = reader.state;
    ending.status = reader.refusal != NULL ? reader.refusal->status : 0;
    EXPECT((ending.status != 0) == (ending.state == HTTP_READER_FAILED), "state %d, status %d",
           ending.state, ending.status);
    EXPECT(ending.state != HTTP_READER_FAILED || http_reader_feed(&reader, "GET", 3) == 0,
           "fed after a refusal");
    http_reader_free(&reader);
    return ending;
}

/* Which of several faults is named may depend on the cut; all else may not. */
static void expect_same(const struct ending *whole, const struct strbuf *whole_seen,
                        const struct ending *cut, const struct strbuf *cut_seen, size_t step)
{
    EXPECT(whole->requests == cut->requests && whole->start == cut->start &&
               whole->state == cut->state,
           "step %zu: %zu requests up to %zu in state %d; in one piece %zu up to %zu in %d", step,
           cut->requests, cut->start, cut->state, whole->requests, whole->start, whole->state);
    EXPECT(whole_seen->len == cut_seen->len &&
               (whole_seen->len == 0 ||
                memcmp(whole_seen->data, cut_seen->data, whole_seen->len) == 0),
           "step %zu: other requests than in one piece", step);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const size_t steps[] = {1, 7, 0};
    const char *text = (const char *)bytes;
    struct strbuf seen = STRBUF_INIT;
    struct strbuf cut_seen = STRBUF_INIT;
    struct ending ending = read_stream(text, size, size + 1, true, &seen);

    if (ending.state == HTTP_READER_FAILED)
        expect_bad(&ending, text + ending.start, size - ending.start);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct ending cut = read_stream(text, size, steps[i], false, &cut_seen);

        expect_same(&ending, &seen, &cut, &cut_seen, steps[i]);
    }
    strbuf_free(&seen);
    strbuf_free(&cut_seen);
    return 0;
}
