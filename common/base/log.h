#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set the program's name and the most talkative level written; from now on the signal SIGUSR1
 * switches between that level and debug. Before other threads start. */
void log_init(const char *program, enum log_level level);

/* False: name is none of error, warn, info, debug. */
bool log_level_parse(const char *name, enum log_level *level);

/* Write one JSON line to standard error:
 * {"time":…,"level":…,"program":…,"event":event,"message":…} (deploy/logging/log-line.schema.json).
 * event is a short stable token such as "mysql_connect_failed"; lines of one event beyond 10 in 10
 * seconds are counted instead of written, and the count is written as "suppressed" with the next
 * line of that event. (The 64 latest events are remembered so; a count that falls out is lost.)
 * Lines that standard error does not take at once are counted the same way: nobody waits for
 * whoever reads the log. A message beyond 2048 bytes is cut and ends in "…". Never allocates. Any
 * thread, but not a signal handler. errno is kept. */
void log_write(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a line is about, as members of their own, so that lines of several programs can be put
 * together. Zero-initialise, and set what is known. */
struct log_about {
    const char *request_id;  /* NULL or "": not known */
    uint64_t coupon_id;      /* 0: not known */
    const char *traceparent; /* NULL or "": none */
    bool placed;             /* partition and offset are a record's */
    int32_t partition;
    int64_t offset;
    const struct log_answer *answer; /* NULL: no access line */
};

/* An answer over HTTP. Lines about these are not limited: whoever writes them takes samples. */
struct log_answer {
    const char *method;
    const char *route;
    int status;
    int64_t duration_us;
};

/* The same with members requestId, couponId, partition, offset, traceparent, and method, route,
 * status and durationMs, in this order, as far as they are known. */
void log_write_about(enum log_level level, const struct log_about *about, const char *event,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Would a line of that level be written? For callers that would have work with it. Any thread. */
bool log_wants(enum log_level level);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
