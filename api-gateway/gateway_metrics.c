#include "api-gateway/gateway_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/metrics/metrics.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Everything the gateway answers with; anything else is counted as the last. */
static const int statuses[] = {200, 202, 304, 400, 401, 403, 404, 405, 408, 409,
                               413, 415, 417, 422, 429, 431, 500, 503, 0};

static const double seconds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                 0.25,   0.5,   1,      2.5,   5,    10,    30,   60};

struct gateway_metrics {
    const struct http_route *routes;
    size_t route_count;
    struct metric **durations; /* [route][status]; made when first met */
    struct metric *refused[ADMISSION_CLOSED + 1];
    struct metric *unknown;
    struct metric *accepted[2];
    struct metric *delivered[ISSUE_DELIVERY_UNKNOWN + 1];
    struct metric *coupons[COUPON_DOUBTFUL + 1];
    struct metric *results[2];
    struct metric *connections;
    struct metric *waiting;
    struct metric *produces;
};

static void make_flow(struct gateway_metrics *metrics)
{
    static const char *const answers[] = {
        [COUPON_KNOWN] = "answer=\"known\"",
        [COUPON_ABSENT] = "answer=\"absent\"",
        [COUPON_WAIT] = "answer=\"wait\"",
        [COUPON_DOUBTFUL] = "answer=\"doubtful\"",
    };
    static const char accepted[] = "coupon_gateway_accepted_total";
    static const char accepted_help[] = "Issue requests answered 202, by where they are kept.";
    static const char results[] = "coupon_gateway_result_polls_total";
    static const char results_help[] = "Polls by whether the loop's memory had the result.";

    metrics->accepted[false] = metric_counter(accepted, accepted_help, "way=\"kafka\"");
    metrics->accepted[true] = metric_counter(accepted, accepted_help, "way=\"spool\"");
    metrics->results[false] = metric_counter(results, results_help, "memory=\"miss\"");
    metrics->results[true] = metric_counter(results, results_help, "memory=\"hit\"");
    for (int answer = COUPON_KNOWN; answer <= COUPON_DOUBTFUL; answer++)
        metrics->coupons[answer] = metric_counter(
            "coupon_gateway_coupon_lookups_total",
            "Issue requests by what the near cache knew of their coupon.", answers[answer]);
}

static void make_deliveries(struct gateway_metrics *metrics)
{
    static const char *const labels[] = {
        [ISSUE_DELIVERED] = "messaging_system=\"kafka\",messaging_operation_type=\"send\"",
        [ISSUE_DELIVERY_UNKNOWN] = "messaging_system=\"kafka\",messaging_operation_type=\"send\","
                                   "error_type=\"not_confirmed\"",
    };

    for (int delivery = ISSUE_DELIVERED; delivery <= ISSUE_DELIVERY_UNKNOWN; delivery++)
        metrics->delivered[delivery] =
            metric_histogram("messaging_client_operation_duration_seconds",
                             "From a complete request to its record's delivery report.",
                             labels[delivery], seconds, COUNT(seconds));
}

struct gateway_metrics *gateway_metrics_new(const struct http_route *routes, size_t count,
                                            uint32_t thread_index)
{
    struct gateway_metrics *metrics = calloc(1, sizeof *metrics);
    char labels[64];

    CHECK(metrics, "out of memory");
    metrics->routes = routes;
    metrics->route_count = count;
    metrics->durations = calloc((count + 1) * COUNT(statuses), sizeof *metrics->durations);
    CHECK(metrics->durations, "out of memory");
    for (int admission = ADMISSION_SOLD_OUT; admission <= ADMISSION_CLOSED; admission++) {
        snprintf(labels, sizeof labels, "code=\"%s\"", admission_code((enum admission)admission));
        metrics->refused[admission] = metric_counter(
            "coupon_gateway_refused_total", "Issue requests turned away before Kafka.", labels);
    }
    metrics->unknown = metric_counter("coupon_gateway_outcome_unknown_total",
                                      "Issue requests that Kafka did not confirm in time.", NULL);
    make_flow(metrics);
    make_deliveries(metrics);
    snprintf(labels, sizeof labels, "thread=\"%" PRIu32 "\"", thread_index);
    metrics->connections =
        metric_gauge("coupon_gateway_connections", "Open client connections.", labels);
    metrics->waiting = metric_gauge("coupon_gateway_long_polls", "Polls that wait.", labels);
    metrics->produces =
        metric_gauge("coupon_gateway_produces_open", "Records without a delivery report.", labels);
    return metrics;
}

void gateway_metrics_free(struct gateway_metrics *metrics)
{
    if (!metrics)
        return;
    free(metrics->durations);
    free(metrics);
}

static struct metric *make_duration(const struct gateway_metrics *metrics, size_t route,
                                    size_t status)
{
    bool known = route < metrics->route_count;
    char labels[256];

    snprintf(labels, sizeof labels,
             "http_request_method=\"%s\",http_route=\"%s\",http_response_status_code=\"%d\"",
             http_method_name(known ? metrics->routes[route].method : HTTP_METHOD_OTHER),
             known ? metrics->routes[route].pattern : "", statuses[status]);
    return metric_histogram("http_server_request_duration_seconds", "Time to answer.", labels,
                            seconds, COUNT(seconds));
}

void gateway_metrics_answer(struct gateway_metrics *metrics, const struct http_route *route,
                            int status, int64_t duration_us)
{
    size_t index = route ? (size_t)(route - metrics->routes) : metrics->route_count;
    size_t place = 0;
    struct metric **duration;

    CHECK(index <= metrics->route_count, "route %zu", index);
    while (place < COUNT(statuses) - 1 && statuses[place] != status)
        place++;
    duration = &metrics->durations[index * COUNT(statuses) + place];
    if (!*duration)
        *duration = make_duration(metrics, index, place);
    metric_observe(*duration, (double)duration_us / 1e6);
}

void gateway_metrics_accepted(struct gateway_metrics *metrics, bool spooled)
{
    metric_add(metrics->accepted[spooled], 1);
}

void gateway_metrics_delivered(struct gateway_metrics *metrics, enum issue_delivery delivery,
                               int64_t duration_us)
{
    metric_observe(metrics->delivered[delivery], (double)duration_us / 1e6);
}

void gateway_metrics_coupon(struct gateway_metrics *metrics, enum coupon_answer answer)
{
    metric_add(metrics->coupons[answer], 1);
}

void gateway_metrics_result(struct gateway_metrics *metrics, bool in_memory)
{
    metric_add(metrics->results[in_memory], 1);
}

void gateway_metrics_refused(struct gateway_metrics *metrics, enum admission admission)
{
    metric_add(metrics->refused[admission], 1);
}

void gateway_metrics_unknown(struct gateway_metrics *metrics)
{
    metric_add(metrics->unknown, 1);
}

void gateway_metrics_open(struct gateway_metrics *metrics, size_t connections, size_t waiting,
                          size_t produces)
{
    metric_set(metrics->connections, (int64_t)connections);
    metric_set(metrics->waiting, (int64_t)waiting);
    metric_set(metrics->produces, (int64_t)produces);
}
