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

/* A gauge of how long ago something was, in seconds: metric_set it to that instant in milliseconds
 * of the wall clock, or to 0 for "it is not so now", which reads 0. The age is worked out when the
 * page is written, so it goes on growing while the program is stuck. */
struct metric *metric_age(const char *name, const char *help, const char *labels);

/* bounds: ascending upper bounds, at most 20, kept by pointer (static). */
struct metric *metric_histogram(const char *name, const char *help, const char *labels,
                                const double *bounds, size_t bound_count);

/* Hot path, any thread, no lock: relaxed atomics on a slot of the calling thread. */
void metric_add(struct metric *counter, uint64_t amount);
void metric_set(struct metric *gauge, int64_t value);
/* Leave the series out of the page until it is set again: it is not this process's to tell now. */
void metric_unset(struct metric *gauge);
/* Not a number is not observed. */
void metric_observe(struct metric *histogram, double value);

/* A counter's sum over all threads, a gauge's value (cast it back to int64_t), or how often a
 * histogram observed (for tests and status lines). */
uint64_t metric_value(const struct metric *metric);

/* Append all series, HELP and TYPE lines included. Any thread. */
void metrics_write(struct strbuf *out);

#endif
