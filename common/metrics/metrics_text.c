#include "common/metrics/metric_family.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

static void add_double(struct strbuf *out, double number)
{
    char text[32];

    if (isinf(number)) {
        strbuf_add_text(out, number > 0 ? "+Inf" : "-Inf");
        return;
    }
    /* 15 digits show 0.005 as written; not every sum survives them. */
    snprintf(text, sizeof text, "%.15g", number);
    if (strtod(text, NULL) != number)
        snprintf(text, sizeof text, "%.17g", number);
    strbuf_add_text(out, text);
}

static void add_help(struct strbuf *out, const char *help)
{
    for (; *help != '\0'; help++) {
        if (*help == '\\')
            strbuf_add(out, "\\\\", 2);
        else if (*help == '\n')
            strbuf_add(out, "\\n", 2);
        else
            strbuf_add(out, help, 1);
    }
}

/* Adds "name_suffix{labels} ". */
static void start_line(struct strbuf *out, const char *name, const char *suffix, const char *labels)
{
    strbuf_add_text(out, name);
    strbuf_add_text(out, suffix);
    if (labels != NULL) {
        strbuf_add(out, "{", 1);
        strbuf_add_text(out, labels);
        strbuf_add(out, "}", 1);
    }
    strbuf_add(out, " ", 1);
}

static void add_count_line(struct strbuf *out, const char *name, const char *suffix,
                           const char *labels, uint64_t count)
{
    start_line(out, name, suffix, labels);
    strbuf_add_u64(out, count);
    strbuf_add(out, "\n", 1);
}

static void write_histogram(struct strbuf *out, const char *name, const struct metric *metric)
{
    struct strbuf labels = STRBUF_INIT;
    uint64_t count = 0;

    for (size_t i = 0; i <= metric->bound_count; i++) {
        strbuf_clear(&labels);
        if (metric->labels != NULL) {
            strbuf_add_text(&labels, metric->labels);
            strbuf_add(&labels, ",", 1);
        }
        strbuf_add_text(&labels, "le=\"");
        add_double(&labels, i < metric->bound_count ? metric->bounds[i] : INFINITY);
        strbuf_add(&labels, "\"", 1);
        count += metric_bucket(metric, i);
        add_count_line(out, name, "_bucket", labels.data, count);
    }
    strbuf_free(&labels);
    start_line(out, name, "_sum", metric->labels);
    add_double(out, metric_sum(metric));
    strbuf_add(out, "\n", 1);
    add_count_line(out, name, "_count", metric->labels, count);
}

static void write_gauge(struct strbuf *out, const char *name, const struct metric *metric)
{
    int64_t value = (int64_t)metric_value(metric);
    int64_t now_ms;

    if (atomic_load_explicit(&metric->hidden, memory_order_relaxed))
        return;
    start_line(out, name, "", metric->labels);
    if (metric->age && value > 0) {
        now_ms = clock_wall_ms();
        add_double(out, now_ms > value ? (double)(now_ms - value) / 1000 : 0);
        strbuf_add(out, "\n", 1);
        return;
    }
    strbuf_addf(out, "%" PRId64 "\n", value);
}

static void write_metric(struct strbuf *out, const char *name, const struct metric *metric)
{
    switch (metric->type) {
    case METRIC_COUNTER:
        add_count_line(out, name, "", metric->labels, metric_value(metric));
        return;
    case METRIC_GAUGE:
        write_gauge(out, name, metric);
        return;
    case METRIC_HISTOGRAM:
        write_histogram(out, name, metric);
    }
}

void metric_family_write(const struct metric_family *family, struct strbuf *out)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
    };

    strbuf_addf(out, "# HELP %s ", family->name);
    add_help(out, family->help);
    strbuf_addf(out, "\n# TYPE %s %s\n", family->name, types[family->type]);
    for (const struct metric *metric = family->first; metric != NULL; metric = metric->next)
        write_metric(out, family->name, metric);
}
