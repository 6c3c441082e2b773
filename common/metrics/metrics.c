#include "common/metrics/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/metrics/metric_family.h"

/* A build that counts nothing, to measure what counting costs. */
#ifdef COUPON_METRICS_OFF
#define COUNTING false
#else
#define COUNTING true
#endif

/* Guards the lists. What they link is never removed, and after it is linked only numbers change. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric_family *first_family, *last_family;

static atomic_uint next_shard;
static _Thread_local unsigned own_shard; /* 0: none yet; otherwise its index + 1 */

static unsigned shard_of_thread(void)
{
    if (own_shard == 0)
        own_shard =
            atomic_fetch_add_explicit(&next_shard, 1, memory_order_relaxed) % METRIC_SHARDS + 1;
    return own_shard - 1;
}

static void *allocate(size_t alignment, size_t size)
{
    void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);

    CHECK(memory != NULL, "no memory for a metric of %zu bytes", size);
    memset(memory, 0, size);
    return memory;
}

static char *copy(const char *text)
{
    char *memory = strdup(text);

    CHECK(memory != NULL, "no memory for a metric's text");
    return memory;
}

static bool is_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789";

    return name[0] != '\0' && (name[0] < '0' || name[0] > '9') &&
           name[strspn(name, letters)] == '\0';
}

static struct metric_family *family_of(const char *name, const char *help, enum metric_type type)
{
    struct metric_family *family = first_family;

    while (family != NULL && strcmp(family->name, name) != 0)
        family = family->next;
    if (family != NULL) {
        CHECK(family->type == type, "metric %s has two types", name);
        return family;
    }
    CHECK(is_name(name), "metric name \"%s\"", name);
    family = allocate(_Alignof(struct metric_family), sizeof *family);
    *family = (struct metric_family){.name = copy(name), .help = copy(help), .type = type};
    if (last_family != NULL)
        last_family->next = family;
    else
        first_family = family;
    last_family = family;
    return family;
}

static bool has_labels(const struct metric *metric, const char *labels)
{
    if (metric->labels == NULL || labels == NULL)
        return metric->labels == labels;
    return strcmp(metric->labels, labels) == 0;
}

static struct metric *metric_of(struct metric_family *family, const char *labels,
                                const double *bounds, size_t bound_count)
{
    struct metric *metric = family->first;

    while (metric != NULL && !has_labels(metric, labels))
        metric = metric->next;
    if (metric != NULL) {
        CHECK(metric->bound_count == bound_count, "metric %s has two sets of bounds", family->name);
        return metric;
    }
    metric = allocate(_Alignof(struct metric), sizeof *metric);
    metric->type = family->type;
    metric->bounds = bounds;
    metric->bound_count = bound_count;
    metric->labels = labels != NULL ? copy(labels) : NULL;
    if (family->type != METRIC_GAUGE)
        metric->shards = allocate(CACHE_LINE, METRIC_SHARDS * sizeof *metric->shards);
    if (family->last != NULL)
        family->last->next = metric;
    else
        family->first = metric;
    family->last = metric;
    return metric;
}

static struct metric *register_metric(const char *name, const char *help, const char *labels,
                                      enum metric_type type, const double *bounds,
                                      size_t bound_count)
{
    struct metric *metric;

    if (labels != NULL && labels[0] == '\0')
        labels = NULL;
    pthread_mutex_lock(&lock);
    metric = metric_of(family_of(name, help, type), labels, bounds, bound_count);
    pthread_mutex_unlock(&lock);
    return metric;
}

struct metric *metric_counter(const char *name, const char *help, const char *labels)
{
    return register_metric(name, help, labels, METRIC_COUNTER, NULL, 0);
}

struct metric *metric_gauge(const char *name, const char *help, const char *labels)
{
    return register_metric(name, help, labels, METRIC_GAUGE, NULL, 0);
}

struct metric *metric_age(const char *name, const char *help, const char *labels)
{
    struct metric *metric = metric_gauge(name, help, labels);

    metric->age = true;
    return metric;
}

struct metric *metric_histogram(const char *name, const char *help, const char *labels,
                                const double *bounds, size_t bound_count)
{
    CHECK(bound_count <= METRIC_BOUNDS_MAX, "metric %s has %zu bounds", name, bound_count);
    for (size_t i = 1; i < bound_count; i++)
        CHECK(bounds[i - 1] < bounds[i], "bounds of metric %s do not ascend", name);
    return register_metric(name, help, labels, METRIC_HISTOGRAM, bounds, bound_count);
}

void metric_add(struct metric *counter, uint64_t amount)
{
    if (!COUNTING)
        return;
    CHECK(counter->type == METRIC_COUNTER, "metric of type %d", counter->type);
    atomic_fetch_add_explicit(&counter->shards[shard_of_thread()].buckets[0], amount,
                              memory_order_relaxed);
}

void metric_set(struct metric *gauge, int64_t value)
{
    if (!COUNTING)
        return;
    CHECK(gauge->type == METRIC_GAUGE, "metric of type %d", gauge->type);
    atomic_store_explicit(&gauge->gauge, value, memory_order_relaxed);
    if (atomic_load_explicit(&gauge->hidden, memory_order_relaxed))
        atomic_store_explicit(&gauge->hidden, false, memory_order_relaxed);
}

void metric_unset(struct metric *gauge)
{
    CHECK(gauge->type == METRIC_GAUGE, "metric of type %d", gauge->type);
    atomic_store_explicit(&gauge->hidden, true, memory_order_relaxed);
}

void metric_observe(struct metric *histogram, double value)
{
    struct metric_shard *shard;
    size_t bucket = 0;
    double sum;

    CHECK(histogram->type == METRIC_HISTOGRAM, "metric of type %d", histogram->type);
    if (!COUNTING || isnan(value))
        return;
    shard = &histogram->shards[shard_of_thread()];
    while (bucket < histogram->bound_count && value > histogram->bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&shard->buckets[bucket], 1, memory_order_relaxed);
    sum = atomic_load_explicit(&shard->sum, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&shard->sum, &sum, sum + value,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

uint64_t metric_bucket(const struct metric *metric, size_t bucket)
{
    uint64_t count = 0;

    for (size_t i = 0; i < METRIC_SHARDS; i++)
        count += atomic_load_explicit(&metric->shards[i].buckets[bucket], memory_order_relaxed);
    return count;
}

double metric_sum(const struct metric *metric)
{
    double sum = 0;

    for (size_t i = 0; i < METRIC_SHARDS; i++)
        sum += atomic_load_explicit(&metric->shards[i].sum, memory_order_relaxed);
    return sum;
}

uint64_t metric_value(const struct metric *metric)
{
    uint64_t count = 0;

    if (metric->type == METRIC_GAUGE)
        return (uint64_t)atomic_load_explicit(&metric->gauge, memory_order_relaxed);
    for (size_t i = 0; i <= metric->bound_count; i++)
        count += metric_bucket(metric, i);
    return count;
}

void metrics_write(struct strbuf *out)
{
    pthread_mutex_lock(&lock);
    for (const struct metric_family *family = first_family; family != NULL; family = family->next)
        metric_family_write(family, out);
    pthread_mutex_unlock(&lock);
}
