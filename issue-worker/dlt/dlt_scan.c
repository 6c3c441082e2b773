#include "issue-worker/dlt/dlt_scan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/check.h"
#include "issue-worker/dlt/dlt_reader.h"
#include "issue-worker/dlt/dlt_window.h"

/* Letters whose states are asked for together, and the bytes they may have. */
#define CHUNK_MAX 200
#define CHUNK_MAX_BYTES (8u << 20)

/* Letters on their way from the reader to the visitor. */
struct chunk {
    struct dlt_letter letters[CHUNK_MAX];
    rd_kafka_message_t *messages[CHUNK_MAX]; /* own the letters' bytes */
    int64_t first_offsets[CHUNK_MAX];
    size_t count;
    size_t bytes;
};

void dlt_scan_say(struct dlt_scan *scan, const char *format, ...)
{
    va_list arguments;

    dlt_progress_clear(&scan->progress);
    fflush(stdout);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static void read_headers(const rd_kafka_message_t *message, struct dlt_letter *letter)
{
    rd_kafka_headers_t *headers;
    size_t count;

    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    count = rd_kafka_header_cnt(headers);
    letter->headers = calloc(count + 1, sizeof *letter->headers);
    CHECK(letter->headers, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const void *value;
        struct dlt_header *header = &letter->headers[i];

        if (rd_kafka_header_get_all(headers, i, &header->name, &value, &header->value.len) !=
            RD_KAFKA_RESP_ERR_NO_ERROR)
            break;
        header->value.data = value;
        letter->header_count++;
    }
}

static void read_letter(const rd_kafka_message_t *message, const char *topic,
                        struct dlt_letter *letter)
{
    *letter = (struct dlt_letter){
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
    };
    read_headers(message, letter);
    dlt_letter_read(letter, topic);
}

static void chunk_clear(struct chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++) {
        free(chunk->letters[i].headers);
        rd_kafka_message_destroy(chunk->messages[i]);
    }
    chunk->count = 0;
    chunk->bytes = 0;
}

/* The chunk takes the message. */
static void add(struct dlt_scan *scan, struct chunk *chunk, struct dlt_window *window,
                rd_kafka_message_t *message)
{
    struct dlt_letter *letter = &chunk->letters[chunk->count];
    int64_t first_offset;

    read_letter(message, scan->options->kafka.topic, letter);
    first_offset = dlt_window_first(window, letter);
    if (!dlt_filter_takes(&scan->options->filter, letter)) {
        free(letter->headers);
        rd_kafka_message_destroy(message);
        return;
    }
    scan->ids_seen += scan->options->filter.ids.count > 0;
    chunk->messages[chunk->count] = message;
    chunk->first_offsets[chunk->count] = first_offset;
    chunk->bytes += message->len + message->key_len;
    chunk->count++;
}

/* Hand the chunk to the visitor. False: the database did not say the states. */
static bool flush(struct dlt_scan *scan, struct chunk *chunk)
{
    enum dlt_state states[CHUNK_MAX];
    bool known = dlt_audit_states(scan->audit, chunk->letters, chunk->count, states);

    if (!known)
        dlt_scan_say(scan, "%s", dlt_audit_error(scan->audit));
    for (size_t i = 0; i < chunk->count && known && !scan->stopped; i++) {
        const struct dlt_view view = {&chunk->letters[i], states[i], chunk->first_offsets[i]};

        scan->stopped = *scan->interrupted || !scan->visit(scan->cookie, &view);
        dlt_progress_draw(&scan->progress, scan->read, scan->total, scan->acted);
    }
    chunk_clear(chunk);
    return known;
}

static int read_all(struct dlt_scan *scan, struct dlt_reader *reader, struct chunk *chunk,
                    struct dlt_window *window)
{
    rd_kafka_message_t *message;
    char error[512];
    enum dlt_read read;

    do {
        scan->stopped = scan->stopped || *scan->interrupted;
        read = dlt_reader_next(reader, &message, error, sizeof error);
        if (read == DLT_READ_FAILED) {
            dlt_scan_say(scan, "%s", error);
            return EX_UNAVAILABLE;
        }
        if (read == DLT_READ_RECORD) {
            scan->read++;
            add(scan, chunk, window, message);
        }
        dlt_progress_draw(&scan->progress, scan->read, scan->total, scan->acted);
        if ((read != DLT_READ_RECORD || chunk->count == CHUNK_MAX ||
             chunk->bytes >= CHUNK_MAX_BYTES) &&
            !flush(scan, chunk))
            return EX_UNAVAILABLE;
    } while (read != DLT_READ_END && !scan->stopped);
    return EX_OK;
}

int dlt_scan_run(struct dlt_scan *scan)
{
    const struct dlt_ids *ids = &scan->options->filter.ids;
    char error[512];
    struct dlt_reader *reader = dlt_reader_new(&scan->options->kafka, ids, error, sizeof error);
    struct dlt_window *window;
    struct chunk *chunk;
    int status;

    if (!reader) {
        dlt_scan_say(scan, "%s", error);
        return EX_UNAVAILABLE;
    }
    window = dlt_window_new();
    chunk = calloc(1, sizeof *chunk);
    CHECK(chunk, "out of memory");
    scan->total = dlt_reader_total(reader);
    dlt_progress_start(&scan->progress);
    status = read_all(scan, reader, chunk, window);
    dlt_progress_clear(&scan->progress);
    if (status == EX_OK && !scan->stopped && scan->ids_seen < ids->count) {
        dlt_scan_say(scan, "%zu of %zu ids are not in %s", ids->count - scan->ids_seen, ids->count,
                     dlt_reader_topic(reader));
        status = EX_DATAERR;
    }
    chunk_clear(chunk);
    free(chunk);
    dlt_window_free(window);
    dlt_reader_free(reader);
    return status;
}
