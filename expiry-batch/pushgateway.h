#ifndef PUSHGATEWAY_H
#define PUSHGATEWAY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/strbuf.h"

/* A Prometheus Pushgateway, which keeps the last metrics of jobs that have ended.
 * https://github.com/prometheus/pushgateway#put-method */

/* True if url is one to push to (http:// or https://, no query or fragment); else error says why.
 */
bool pushgateway_check(const char *url, char *error, size_t error_size);

/* Put metrics (Prometheus' text format) in the place of all that the job's last run left there:
 * PUT <url>/metrics/job/<job>. job is of [A-Za-z0-9._-]. Waits at most 10 s. False: error says why.
 */
bool pushgateway_put(const char *url, const char *job, const struct strbuf *metrics, char *error,
                     size_t error_size);

#endif
