#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set the program's name and the most talkative level written. Before other threads start. */
void log_init(const char *program, enum log_level level);

/* False: name is none of error, warn, info, debug. */
bool log_level_parse(const char *name, enum log_level *level);

/* Write one JSON line to standard error:
 * {"time":…,"level":…,"program":…,"event":event,"message":…}. event is a short stable token such as
 * "mysql_connect_failed"; lines of one event beyond 10 in 10 seconds are counted instead of
 * written, and the count is written as "suppressed" with the next line of that event. (The 64
 * latest events are remembered so; a count that falls out is lost.) A message beyond 2048 bytes is
 * cut and ends in "…". Never allocates. Any thread, but not a signal handler. errno is kept. */
void log_write(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
