#include "issue-worker/events/notification_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/base/check.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "common/contract/json.h"
#include "issue-worker/events/recent_events.h"

#define RECENT_EVENTS 16384
#define TAIL_BYTES (8 << 20) /* more than the lines of that many events have */
#define PIECE_BYTES 4096
#define PARTITIONS 1024

struct notification_file {
    const char *path;
    int fd;
    struct recent_events *recent;
    int64_t next_offsets[PARTITIONS]; /* behind the last line of each; 0: none was seen */
    struct strbuf lines;
};

static bool has_line(const struct notification_file *file, const struct event_item *item)
{
    return !item->event.type || !coupon_event_has_user(item->event.type) ||
           recent_events_has(file->recent, &item->event);
}

/* What a line says of the position, and of events that may come again. */
static void learn(struct notification_file *file, const char *line, size_t len)
{
    struct coupon_event event;
    struct json_t *object;
    int64_t partition, offset;
    char error[128];

    if (json_read_object(line, len, &object, error, sizeof error) != JSON_OK)
        return;
    if (json_get_integer(object, "partition", 0, PARTITIONS - 1, &partition) ==
            JSON_FIELD_PRESENT &&
        json_get_integer(object, "offset", 0, INT64_MAX - 1, &offset) == JSON_FIELD_PRESENT) {
        if (file->next_offsets[partition] <= offset)
            file->next_offsets[partition] = offset + 1;
        if (coupon_event_decode(line, len, &event, error, sizeof error) && event.type)
            recent_events_add(file->recent, &event);
    }
    json_free(object);
}

/* Read the end of the file; its last whole line ends at *whole. */
static bool read_tail(struct notification_file *file, off_t size, off_t *whole)
{
    off_t begin = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    char *tail = malloc((size_t)(size - begin) + 1);
    ssize_t len;
    const char *line, *end;

    CHECK(tail, "out of memory");
    len = pread(file->fd, tail, (size_t)(size - begin), begin);
    if (len != size - begin) {
        free(tail);
        return false;
    }
    line = tail;
    if (begin > 0) { /* most likely in the middle of a line */
        line = memchr(tail, '\n', (size_t)len);
        line = line ? line + 1 : tail + len;
    }
    for (; (end = memchr(line, '\n', (size_t)(tail + len - line))); line = end + 1)
        learn(file, line, (size_t)(end - line));
    *whole = begin + (line - tail);
    free(tail);
    return true;
}

/* Open the path, alone, and take half a line back. False: errno says why. */
static bool open_path(struct notification_file *file)
{
    struct stat state;
    off_t whole;

    file->fd = open(file->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (file->fd < 0)
        return false;
    if (flock(file->fd, LOCK_EX | LOCK_NB) == 0 && fstat(file->fd, &state) == 0 &&
        read_tail(file, state.st_size, &whole) && ftruncate(file->fd, whole) == 0)
        return true;
    close(file->fd);
    file->fd = -1;
    return false;
}

struct notification_file *notification_file_open(const char *path, char *error, size_t error_size)
{
    struct notification_file *file = calloc(1, sizeof *file);

    CHECK(file, "out of memory");
    file->path = path;
    file->recent = recent_events_new(RECENT_EVENTS);
    if (open_path(file))
        return file;
    snprintf(error, error_size, "--file %s: %s", path,
             errno == EWOULDBLOCK ? "another program writes it" : strerror(errno));
    recent_events_free(file->recent);
    free(file);
    return NULL;
}

void notification_file_close(struct notification_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    recent_events_free(file->recent);
    strbuf_free(&file->lines);
    free(file);
}

/* The event's bytes are an object in JSON, in which an end of line can only stand between words. */
static void add_line(struct strbuf *out, int32_t partition, const struct event_item *item)
{
    const char *brace = memchr(item->value, '{', item->value_len);
    size_t begin;

    CHECK(brace, "an event that is no object");
    strbuf_addf(out, "{\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",", partition, item->offset);
    begin = out->len;
    strbuf_add(out, brace + 1, item->value_len - (size_t)(brace + 1 - item->value));
    for (size_t i = begin; i < out->len; i++)
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
    strbuf_add(out, "\n", 1);
}

static bool write_lines(struct notification_file *file)
{
    const struct strbuf *lines = &file->lines;

    for (size_t done = 0; done < lines->len;) {
        size_t piece = lines->len - done < PIECE_BYTES ? lines->len - done : PIECE_BYTES;
        ssize_t written = write(file->fd, lines->data + done, piece);

        if (written < 0 && errno != EINTR)
            return false;
        done += written > 0 ? (size_t)written : 0;
        FAILPOINT("notification_half_written");
    }
    return fdatasync(file->fd) == 0;
}

/* The path may name another file than at the last batch, or none. */
static bool reopen_if_renamed(struct notification_file *file)
{
    struct stat ours, named;

    if (file->fd >= 0 && fstat(file->fd, &ours) == 0 && stat(file->path, &named) == 0 &&
        ours.st_ino == named.st_ino && ours.st_dev == named.st_dev)
        return true;
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    return open_path(file);
}

/* What got into the file even so is found there when it is opened again. */
static enum event_taken fail(struct notification_file *file)
{
    log_warn("notifications_not_written", "%s: %s", file->path, strerror(errno));
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    recent_events_free(file->recent);
    file->recent = recent_events_new(RECENT_EVENTS);
    return EVENT_AGAIN;
}

static enum event_taken take(void *cookie, const struct event_batch *batch)
{
    struct notification_file *file = cookie;

    if (!reopen_if_renamed(file))
        return fail(file);
    strbuf_clear(&file->lines);
    for (size_t i = 0; i < batch->count; i++) {
        if (has_line(file, &batch->items[i]))
            continue;
        add_line(&file->lines, batch->partition, &batch->items[i]);
        recent_events_add(file->recent, &batch->items[i].event);
    }
    if (file->lines.len > 0 && !write_lines(file))
        return fail(file);
    if (batch->partition < PARTITIONS)
        file->next_offsets[batch->partition] = batch->next_offset;
    return EVENT_TAKEN;
}

static bool position(void *cookie, int32_t partition, int64_t *next_offset)
{
    const struct notification_file *file = cookie;

    *next_offset = EVENT_POSITION_START;
    if (partition < PARTITIONS && file->next_offsets[partition] > 0)
        *next_offset = file->next_offsets[partition];
    return true;
}

struct event_sink notification_file_sink(struct notification_file *file)
{
    return (struct event_sink){
        .position = position, .take = take, .is_partial = true, .cookie = file};
}
