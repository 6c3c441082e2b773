#include "issue-worker/events/notification_webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>

#include "common/base/check.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "common/base/timestamp.h"
#include "common/metrics/metrics.h"
#include "issue-worker/events/recent_events.h"
#include "issue-worker/events/webhook_outcome.h"

#define RECENT_EVENTS 16384

struct notification_webhook {
    const struct notification_webhook_options *options;
    CURL *curl;
    struct recent_events *recent;
    int64_t tried; /* how often the first event that is not done was tried */
    bool told_down;
    char problem[CURL_ERROR_SIZE];
    struct metric *delivered, *given_up, *retries;
};

static size_t ignore_answer(char *bytes, size_t size, size_t count, void *cookie)
{
    (void)bytes;
    (void)cookie;
    return size * count;
}

static bool set_up(struct notification_webhook *webhook, char *error, size_t error_size)
{
    const struct notification_webhook_options *options = webhook->options;
    CURL *curl = webhook->curl;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, options->url);

    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_POST, 1L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_answer);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, webhook->problem);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_USERAGENT, "coupon-rush/" COUPON_VERSION);
    if (code == CURLE_OK && strncmp(options->url, "http://", 7) != 0 &&
        strncmp(options->url, "https://", 8) != 0)
        code = CURLE_UNSUPPORTED_PROTOCOL;
    if (code != CURLE_OK)
        snprintf(error, error_size, "--webhook: %s", curl_easy_strerror(code));
    return code == CURLE_OK;
}

struct notification_webhook *
notification_webhook_new(const struct notification_webhook_options *options, char *error,
                         size_t error_size)
{
    struct notification_webhook *webhook = calloc(1, sizeof *webhook);

    CHECK(webhook && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "out of memory");
    webhook->options = options;
    webhook->curl = curl_easy_init();
    CHECK(webhook->curl, "out of memory");
    webhook->recent = recent_events_new(RECENT_EVENTS);
    webhook->delivered =
        metric_counter("coupon_notifications_delivered_total", "Events delivered.", NULL);
    webhook->given_up = metric_counter("coupon_notifications_given_up_total",
                                       "Events that could not be delivered; see the log.", NULL);
    webhook->retries =
        metric_counter("coupon_notifications_retries_total", "Calls that failed.", NULL);
    if (set_up(webhook, error, error_size))
        return webhook;
    notification_webhook_free(webhook);
    return NULL;
}

void notification_webhook_free(struct notification_webhook *webhook)
{
    curl_easy_cleanup(webhook->curl);
    curl_global_cleanup();
    recent_events_free(webhook->recent);
    free(webhook);
}

static void add_header(struct curl_slist **headers, const char *name, const char *value)
{
    struct strbuf line = STRBUF_INIT;
    struct curl_slist *longer;

    strbuf_addf(&line, "%s: %s", name, value);
    longer = curl_slist_append(*headers, line.data);
    CHECK(longer, "out of memory");
    *headers = longer;
    strbuf_free(&line);
}

/* https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md */
static struct curl_slist *make_headers(const struct notification_webhook *webhook,
                                       const struct coupon_event *event)
{
    struct curl_slist *headers = NULL;
    struct strbuf id = STRBUF_INIT, subject = STRBUF_INIT;
    char time[TIMESTAMP_SIZE], schema[sizeof COUPON_EVENT_SCHEMA_PREFIX + 64];
    char key[COUPON_EVENT_ID_SIZE + 2];

    coupon_event_add_id(event, &id);
    coupon_event_add_subject(event, &subject);
    timestamp_format(event->occurred_at_ms, time);
    add_header(&headers, "Content-Type", "application/json");
    add_header(&headers, "ce-specversion", "1.0");
    add_header(&headers, "ce-id", id.data);
    add_header(&headers, "ce-source", COUPON_EVENT_SOURCE);
    add_header(&headers, "ce-type", coupon_event_type_name(event->type));
    add_header(&headers, "ce-time", time);
    add_header(&headers, "ce-subject", subject.data);
    snprintf(schema, sizeof schema, COUPON_EVENT_SCHEMA_PREFIX "%s",
             coupon_event_type_name(event->type));
    add_header(&headers, "ce-dataschema", schema);
    snprintf(key, sizeof key, "\"%s\"", id.data);
    add_header(&headers, "Idempotency-Key", key);
    if (webhook->options->authorization)
        add_header(&headers, "Authorization", webhook->options->authorization);
    strbuf_free(&id);
    strbuf_free(&subject);
    return headers;
}

/* One call. */
static enum webhook_outcome post(struct notification_webhook *webhook,
                                 const struct event_item *item)
{
    struct curl_slist *headers = make_headers(webhook, &item->event);
    long status = 0;
    CURLcode code;

    webhook->problem[0] = '\0';
    curl_easy_setopt(webhook->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(webhook->curl, CURLOPT_POSTFIELDSIZE, (long)item->value_len);
    curl_easy_setopt(webhook->curl, CURLOPT_POSTFIELDS, item->value);
    code = curl_easy_perform(webhook->curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(webhook->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    if (code == CURLE_OK)
        snprintf(webhook->problem, sizeof webhook->problem, "it answered %ld", status);
    else if (!webhook->problem[0])
        snprintf(webhook->problem, sizeof webhook->problem, "%s", curl_easy_strerror(code));
    return webhook_outcome(status);
}

static void give_up(struct notification_webhook *webhook, const struct coupon_event *event)
{
    struct strbuf id = STRBUF_INIT;

    coupon_event_add_id(event, &id);
    log_error("notification_given_up", "event %s after %" PRId64 " tries: %s", id.data,
              webhook->tried, webhook->problem);
    metric_add(webhook->given_up, 1);
    strbuf_free(&id);
}

/* True: the event needs no further call. */
static bool deliver(struct notification_webhook *webhook, const struct event_item *item)
{
    enum webhook_outcome outcome = post(webhook, item);

    webhook->tried++;
    FAILPOINT("notification_after_post");
    if (outcome == WEBHOOK_AGAIN) {
        metric_add(webhook->retries, 1);
        if (!webhook->told_down)
            log_warn("webhook_failed", "%s; trying again", webhook->problem);
        webhook->told_down = true;
        if (webhook->tried < webhook->options->tries)
            return false;
    }
    if (outcome == WEBHOOK_DELIVERED) {
        metric_add(webhook->delivered, 1);
        webhook->told_down = false;
    } else {
        give_up(webhook, &item->event);
    }
    webhook->tried = 0;
    recent_events_add(webhook->recent, &item->event);
    return true;
}

/* What of a batch is done is among the recent ones when it comes again. */
static enum event_taken take(void *cookie, const struct event_batch *batch)
{
    struct notification_webhook *webhook = cookie;

    for (size_t i = 0; i < batch->count; i++) {
        const struct event_item *item = &batch->items[i];

        if (!item->event.type || !coupon_event_has_user(item->event.type) ||
            recent_events_has(webhook->recent, &item->event))
            continue;
        if (!deliver(webhook, item))
            return EVENT_AGAIN;
    }
    return EVENT_TAKEN;
}

static bool position(void *cookie, int32_t partition, int64_t *next_offset)
{
    (void)cookie;
    (void)partition;
    *next_offset = EVENT_POSITION_START;
    return true;
}

struct event_sink notification_webhook_sink(struct notification_webhook *webhook)
{
    return (struct event_sink){
        .position = position, .take = take, .is_partial = true, .cookie = webhook};
}
