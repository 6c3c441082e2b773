#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/http_request.h"

/* Which answers of a loop are logged: every so manieth. Zero-initialised: none. */
struct access_log {
    uint64_t every;
    uint64_t seen;
};

static inline bool access_log_wants(struct access_log *log)
{
    return log->every != 0 && log->seen++ % log->every == 0;
}

/* Write a line about an answer (deploy/logging/log-line.schema.json; event "access"). pattern is
 * the route's, "" where none matched; request_id NULL: only what the path says is known. */
void access_log_write(const char *pattern, const struct http_request *request,
                      const char *request_id, int status, int64_t duration_us);

#endif
