#ifndef METRIC_FAMILY_H
#define METRIC_FAMILY_H

/* How metrics are held; for metrics.c, which counts, and metrics_text.c, which prints. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cache_line.h"
#include "common/base/strbuf.h"
#include "common/metrics/metrics.h"

#define METRIC_SHARDS 16
#define METRIC_BOUNDS_MAX 20

/* What the threads of one shard have counted. Of a counter only buckets[0] is used; of a histogram
 * buckets[bound_count] is what lies above the last bound. */
struct metric_shard {
    _Alignas(CACHE_LINE) _Atomic uint64_t buckets[METRIC_BOUNDS_MAX + 1];
    _Atomic double sum;
};

struct metric_family {
    struct metric_family *next;
    char *name, *help;
    enum metric_type type;
    struct metric *first, *last;
};

struct metric {
    struct metric *next; /* of the same family */
    enum metric_type type;
    char *labels; /* NULL: none */
    const double *bounds;
    size_t bound_count;
    bool age;            /* a gauge that holds an instant */
    _Atomic bool hidden; /* a gauge that was unset */
    _Atomic int64_t gauge;
    struct metric_shard *shards; /* NULL for a gauge */
};

/* A counter's value, or the observations of a histogram that fell into one bucket, over all
 * threads. */
uint64_t metric_bucket(const struct metric *metric, size_t bucket);

/* What a histogram observed, added up. */
double metric_sum(const struct metric *metric);

/* Append HELP, TYPE and the series of one family. */
void metric_family_write(const struct metric_family *family, struct strbuf *out);

#endif
