#include "api-gateway/limit/rate_limit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api-gateway/limit/client_address.h"
#include "api-gateway/limit/rate_table.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/metrics/metrics.h"

struct one_limit {
    const char *name;
    struct rate_table *table; /* NULL: no limit */
    struct metric *refused;
    struct metric *taken_over;
    uint64_t taken_over_told;
};

struct rate_limit {
    struct one_limit limits[RATE_CALLS][RATE_WHOS];
    struct trusted_proxies proxies;
};

static const char *const names[RATE_CALLS][RATE_WHOS] = {
    [RATE_ISSUE] = {[RATE_USER] = "issue-user", [RATE_ADDRESS] = "issue-address"},
    [RATE_POLL] = {[RATE_USER] = "poll-user", [RATE_ADDRESS] = "poll-address"},
};

static bool read_proxies(const struct rate_options *options, struct trusted_proxies *proxies,
                         const char **wrong)
{
    const struct option_list *list = &options->trusted_proxies;

    proxies->by =
        strcmp(options->forwarded_header, "forwarded") == 0 ? FORWARDED_RFC7239 : FORWARDED_X;
    for (proxies->count = 0; proxies->count < list->count; proxies->count++) {
        *wrong = list->items[proxies->count];
        if (!ip_range_parse(*wrong, &proxies->ranges[proxies->count]))
            return false;
    }
    return true;
}

bool rate_limit_check(const struct rate_options *options, char *error, size_t error_size)
{
    struct trusted_proxies proxies;
    const char *wrong;
    bool good = read_proxies(options, &proxies, &wrong);

    if (!good)
        snprintf(error, error_size,
                 "--trusted-proxy %s: give an address, or a range such as 10.0.0.0/8 with nothing "
                 "set behind its bits",
                 wrong);
    return good;
}

static void open_limit(struct one_limit *limit, const char *name,
                       const struct rate_setting *setting, size_t buckets)
{
    struct rate_policy policy;
    char labels[64];

    if (setting->per_minute == 0)
        return;
    policy = rate_policy_of(setting->per_minute, setting->burst);
    limit->name = name;
    limit->table = rate_table_new(&policy, buckets);
    snprintf(labels, sizeof labels, "policy=\"%s\"", name);
    limit->refused = metric_counter("coupon_gateway_rate_limited_total",
                                    "Requests answered 429 by a rate limit.", labels);
    limit->taken_over =
        metric_counter("coupon_gateway_rate_buckets_taken_over_total",
                       "Buckets that were not full and had to make room for another's.", labels);
}

struct rate_limit *rate_limit_new(const struct rate_options *options)
{
    struct rate_limit *limit = calloc(1, sizeof *limit);
    const char *wrong;
    bool any = false;

    CHECK(limit, "out of memory");
    CHECK(read_proxies(options, &limit->proxies, &wrong), "proxies were not checked");
    for (int call = 0; call < RATE_CALLS; call++) {
        for (int who = 0; who < RATE_WHOS; who++) {
            open_limit(&limit->limits[call][who], names[call][who], &options->settings[call][who],
                       (size_t)options->buckets);
            any |= limit->limits[call][who].table != NULL;
        }
    }
    if (any)
        return limit;
    free(limit);
    return NULL;
}

void rate_limit_free(struct rate_limit *limit)
{
    if (!limit)
        return;
    for (int call = 0; call < RATE_CALLS; call++)
        for (int who = 0; who < RATE_WHOS; who++)
            rate_table_free(limit->limits[call][who].table);
    free(limit);
}

static void tell(struct http_exchange *exchange, const struct one_limit *limit,
                 const struct rate_answer *answer)
{
    const struct rate_policy *policy = rate_table_policy(limit->table);
    int64_t window_s = (policy->burst * policy->interval_ns + 999999999) / 1000000000;
    char fields[200];

    snprintf(fields, sizeof fields,
             "RateLimit-Policy: \"%s\";q=%" PRId64 ";w=%" PRId64 "\r\nRateLimit: \"%s\";r=%" PRId64
             ";t=%" PRId64 "\r\n",
             limit->name, policy->burst, window_s, limit->name, answer->remaining, answer->full_s);
    http_exchange_add_fields(exchange, fields);
}

static bool take(struct one_limit *limit, struct http_exchange *exchange, const void *key,
                 size_t len)
{
    struct rate_answer answer =
        rate_table_take(limit->table, key, len, 1000 * clock_monotonic_us());
    uint64_t taken_over = rate_table_taken_over(limit->table);
    char retry[64];

    metric_add(limit->taken_over, taken_over - limit->taken_over_told);
    limit->taken_over_told = taken_over;
    tell(exchange, limit, &answer);
    if (answer.allowed)
        return true;
    metric_add(limit->refused, 1);
    snprintf(retry, sizeof retry, "Retry-After: %" PRId64 "\r\n", answer.retry_s);
    http_exchange_problem(exchange, 429, "RATE_LIMITED",
                          "Too many requests; Retry-After says when the next one may come.", retry,
                          NULL);
    return false;
}

static struct one_limit *find(struct rate_limit *limit, struct http_exchange *exchange,
                              enum rate_who who)
{
    enum http_method method = http_exchange_request(exchange)->method;
    bool poll = method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD;

    return &limit->limits[poll ? RATE_POLL : RATE_ISSUE][who];
}

bool rate_limit_address(struct rate_limit *limit, struct http_exchange *exchange)
{
    struct one_limit *one = find(limit, exchange, RATE_ADDRESS);
    struct ip_address peer, client;

    if (!one->table)
        return true;
    http_exchange_peer(exchange, peer.bytes);
    client_address_find(&limit->proxies, &peer, http_exchange_request(exchange), &client);
    ip_address_group(&client);
    return take(one, exchange, client.bytes, sizeof client.bytes);
}

bool rate_limit_user(struct rate_limit *limit, struct http_exchange *exchange, uint64_t user_id)
{
    struct one_limit *one = limit ? find(limit, exchange, RATE_USER) : NULL;

    return !one || !one->table || take(one, exchange, &user_id, sizeof user_id);
}
