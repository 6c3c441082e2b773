#ifndef NOTIFICATION_WEBHOOK_H
#define NOTIFICATION_WEBHOOK_H

#include <stdint.h>

#include "issue-worker/events/event_sink.h"

/* Notifications as HTTP: a POST for each event of a user's coupon, with the event as its body and
 * CloudEvents 1.0 attributes as headers (binary mode of the HTTP binding: ce-id, ce-type, …), and
 * Idempotency-Key, which is the event's id too.
 *
 * 2xx: delivered. 408, 429, 5xx, or no answer: the same again, tries times in all, with growing
 * pauses; another 4xx: never again. What could not be delivered is logged with its id and counted
 * (coupon_notifications_given_up_total), and the next one follows. In order; each at least once:
 * killed in a batch, what it had delivered of it is delivered again, with the same id. An event
 * that is published again is left out as long as it is among the last some thousands. */
struct notification_webhook;

struct notification_webhook_options {
    const char *url;           /* http: or https: */
    const char *authorization; /* the header's value, or NULL */
    int64_t tries;
    int64_t timeout_ms; /* of one */
};

/* options outlive it. NULL: error says why. */
struct notification_webhook *
notification_webhook_new(const struct notification_webhook_options *options, char *error,
                         size_t error_size);
void notification_webhook_free(struct notification_webhook *webhook);

/* The webhook as a sink. */
struct event_sink notification_webhook_sink(struct notification_webhook *webhook);

#endif
