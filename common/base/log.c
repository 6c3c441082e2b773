#include "common/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/base/timestamp.h"

#define NAME_MAX_BYTES 63
#define MESSAGE_MAX_BYTES 2048
#define ELLIPSIS "\xE2\x80\xA6"

/* Escaping makes one byte up to six ("\u0000"). */
#define ABOUT_MAX_BYTES (5 * (NAME_MAX_BYTES + 1))
#define LINE_MAX_BYTES (6 * (MESSAGE_MAX_BYTES + 2 * NAME_MAX_BYTES + ABOUT_MAX_BYTES) + 512)

#define WINDOW_US INT64_C(10000000)
#define WINDOW_LINES 10
#define WINDOW_COUNT 64

/* How often one event was logged lately. An empty event: the slot is free. */
struct window {
    char event[NAME_MAX_BYTES + 1];
    int64_t started_us;
    unsigned written;
    uint64_t suppressed;
};

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

static char program_name[NAME_MAX_BYTES + 1];
static enum log_level configured = LOG_LEVEL_INFO;
static atomic_int most_talkative = LOG_LEVEL_INFO;

/* Guards windows, and keeps the rest of a short write together with its line. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct window windows[WINDOW_COUNT];
static bool cut; /* the last line has no end */

/* In a signal handler: nothing but this is safe. */
static void switch_level(int number)
{
    bool talking = atomic_load(&most_talkative) == LOG_LEVEL_DEBUG;

    (void)number;
    atomic_store(&most_talkative, talking ? (int)configured : LOG_LEVEL_DEBUG);
}

void log_init(const char *program, enum log_level level)
{
    struct sigaction action = {.sa_handler = switch_level, .sa_flags = SA_RESTART};

    snprintf(program_name, sizeof program_name, "%s", program);
    configured = level;
    atomic_store(&most_talkative, (int)level);
    sigaction(SIGUSR1, &action, NULL);
}

bool log_wants(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&most_talkative, memory_order_relaxed);
}

bool log_level_parse(const char *name, enum log_level *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static struct window *window_of(const char *event, int64_t now_us)
{
    struct window *oldest = &windows[0];

    for (size_t i = 0; i < WINDOW_COUNT; i++) {
        struct window *window = &windows[i];

        if (strcmp(window->event, event) == 0)
            return window;
        if (oldest->event[0] != '\0' &&
            (window->event[0] == '\0' || window->started_us < oldest->started_us))
            oldest = window;
    }
    *oldest = (struct window){.started_us = now_us};
    snprintf(oldest->event, sizeof oldest->event, "%s", event);
    return oldest;
}

/* True: write the line, and say that *suppressed lines of its event went before it unwritten. */
static bool admit(const char *event, int64_t now_us, uint64_t *suppressed)
{
    struct window *window = window_of(event, now_us);

    if (now_us - window->started_us >= WINDOW_US) {
        window->started_us = now_us;
        window->written = 0;
    }
    if (window->written >= WINDOW_LINES) {
        window->suppressed++;
        return false;
    }
    window->written++;
    *suppressed = window->suppressed;
    window->suppressed = 0;
    return true;
}

/* What was admitted was not written after all. */
static void take_back(const char *event, int64_t now_us, uint64_t suppressed)
{
    window_of(event, now_us)->suppressed += suppressed + 1;
}

/* Returns the message's length, cut between two characters when it is too long. */
static size_t format_message(char message[MESSAGE_MAX_BYTES + 1], const char *format,
                             va_list arguments) __attribute__((format(printf, 2, 0)));

static size_t format_message(char message[MESSAGE_MAX_BYTES + 1], const char *format,
                             va_list arguments)
{
    int wanted = vsnprintf(message, MESSAGE_MAX_BYTES + 1, format, arguments);
    size_t len;

    if (wanted < 0)
        return 0;
    if (wanted <= MESSAGE_MAX_BYTES)
        return (size_t)wanted;
    len = MESSAGE_MAX_BYTES - strlen(ELLIPSIS);
    while (len > 0 && ((unsigned char)message[len] & 0xC0) == 0x80)
        len--;
    memcpy(message + len, ELLIPSIS, strlen(ELLIPSIS));
    return len + strlen(ELLIPSIS);
}

static void add_member(struct strbuf *line, const char *name, const char *value, size_t len)
{
    strbuf_add_text(line, ",\"");
    strbuf_add_text(line, name);
    strbuf_add_text(line, "\":");
    strbuf_add_json_string(line, value, len);
}

static void add_number(struct strbuf *line, const char *name, int64_t number)
{
    strbuf_addf(line, ",\"%s\":%" PRId64, name, number);
}

static void add_text(struct strbuf *line, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        add_member(line, name, text, strnlen(text, NAME_MAX_BYTES + 1));
}

static void add_about(struct strbuf *line, const struct log_about *about)
{
    const struct log_answer *answer = about->answer;

    add_text(line, "requestId", about->request_id);
    if (about->coupon_id > 0)
        add_number(line, "couponId", (int64_t)about->coupon_id);
    if (about->placed) {
        add_number(line, "partition", about->partition);
        add_number(line, "offset", about->offset);
    }
    add_text(line, "traceparent", about->traceparent);
    if (answer == NULL)
        return;
    add_text(line, "method", answer->method);
    add_member(line, "route", answer->route, strnlen(answer->route, 2 * NAME_MAX_BYTES));
    add_number(line, "status", answer->status);
    strbuf_addf(line, ",\"durationMs\":%.3f", (double)answer->duration_us / 1000);
}

static void add_line(struct strbuf *line, enum log_level level, const char *event,
                     const char *message, size_t message_len, const struct log_about *about,
                     uint64_t suppressed)
{
    const char *program = program_name[0] != '\0' ? program_name : program_invocation_short_name;
    int64_t wall_ms = clock_wall_ms();
    char time[TIMESTAMP_SIZE];

    /* A clock that is set wrong must not silence the log. */
    if (wall_ms < 0)
        wall_ms = 0;
    timestamp_format(wall_ms, time);
    strbuf_add_text(line, "{\"time\":\"");
    strbuf_add_text(line, time);
    strbuf_add_text(line, "\"");
    add_member(line, "level", level_names[level], strlen(level_names[level]));
    add_member(line, "program", program, strnlen(program, NAME_MAX_BYTES));
    add_member(line, "event", event, strlen(event));
    add_member(line, "message", message, message_len);
    if (about != NULL)
        add_about(line, about);
    if (suppressed > 0) {
        strbuf_add_text(line, ",\"suppressed\":");
        strbuf_add_u64(line, suppressed);
    }
    strbuf_add_text(line, "}\n");
}

/* Whoever reads the log may have stopped reading. A write of up to PIPE_BUF bytes waits for nobody
 * where there is room for as many. */
static bool has_room(void)
{
    struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&standard_error, 1, 0) != 0;
}

/* False: nothing of it could be written now. */
static bool write_all(const char *bytes, size_t len)
{
    bool begun = false;

    while (len > 0) {
        ssize_t written =
            has_room() ? write(STDERR_FILENO, bytes, len < PIPE_BUF ? len : PIPE_BUF) : 0;

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        begun = true;
        bytes += written;
        len -= (size_t)written;
    }
    cut = begun && len > 0;
    return begun;
}

static void write_line(enum log_level level, const struct log_about *about, const char *event,
                       const char *format, va_list arguments) __attribute__((format(printf, 4, 0)));

static void write_line(enum log_level level, const struct log_about *about, const char *event,
                       const char *format, va_list arguments)
{
    int saved_errno = errno;
    bool sampled = about != NULL && about->answer != NULL;
    /* On the stack, so that running out of memory can be logged. It is large enough not to grow. */
    char memory[LINE_MAX_BYTES];
    struct strbuf line = {memory, 0, sizeof memory};
    char message[MESSAGE_MAX_BYTES + 1];
    char name[NAME_MAX_BYTES + 1];
    int64_t now_us = clock_monotonic_us();
    uint64_t suppressed = 0;
    size_t message_len;

    if (!sampled && !log_wants(level))
        return;
    message_len = format_message(message, format, arguments);
    snprintf(name, sizeof name, "%s", event);
    pthread_mutex_lock(&lock);
    if (sampled || admit(name, now_us, &suppressed)) {
        if (cut)
            strbuf_add(&line, "\n", 1);
        add_line(&line, level, name, message, message_len, about, suppressed);
        if (!write_all(line.data, line.len) && !sampled)
            take_back(name, now_us, suppressed);
    }
    pthread_mutex_unlock(&lock);
    errno = saved_errno;
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_line(level, NULL, event, format, arguments);
    va_end(arguments);
}

void log_write_about(enum log_level level, const struct log_about *about, const char *event,
                     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_line(level, about, event, format, arguments);
    va_end(arguments);
}
