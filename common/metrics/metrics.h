#ifndef METRICS_H
#define METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"

/* Counters, gauges and histograms, written as Prometheus text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). A family has a fixed set of label
 * values known when it is made: no id of a user, coupon or request is ever a label. */
enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric;

/* Register one time series; labels is ready text such as "code=\"200\",route=\"/livez\"" or NULL
 * (metric_label.h escapes values that are not constants).
 * Series of one name share help and type and are printed together. name, help and labels are
 * copied. The same name and labels again give the same metric. Any thread; takes a lock: do it at
 * start and keep the pointer. Lives until the process ends. */
struct metric *metric_counter(const char *name, const char *help, const char *labels);
struct metric *metric_gauge(const char *name, const char *help, const char *labels);

/* bounds: ascending upper bounds, at most 20, kept by pointer (static). */
struct metric *metric_histogram(const char *name, const char *help, const char *labels,
                                const double *bounds, size_t bound_count);

/* Hot path, any thread, no lock: relaxed atomics on a slot of the calling thread. */
void metric_add(struct metric *counter, uint64_t amount);
void metric_set(struct metric *gauge, int64_t value);
/* Not a number is not observed. */
void metric_observe(struct metric *histogram, double value);

/* A counter's sum over all threads, a gauge's value (cast it back to int64_t), or how often a
 * histogram observed (for tests and status lines). */
uint64_t metric_value(const struct metric *metric);

/* Append all series, HELP and TYPE lines included. Any thread. */
void metrics_write(struct strbuf *out);

#endif
