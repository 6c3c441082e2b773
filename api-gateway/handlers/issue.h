#ifndef ISSUE_HANDLER_H
#define ISSUE_HANDLER_H

#include "api-gateway/handlers/issue_answer.h"
#include "api-gateway/handlers/issue_body.h"
#include "api-gateway/io_thread.h"
#include "common/http/http_exchange.h"

/* POST …/coupons/{id}/issue, in all its paths: check, gate, produce, 202. */
void issue_handle_coupon(struct http_exchange *exchange);

/* POST /api/v1/users/{userId}/coupons/publish: the same; its answers also have "code" and
 * "message", which that system's clients look for. */
void issue_handle_publish(struct http_exchange *exchange);

/* POST /api/v1/policies/{policyId}/issue, and /api/v1/policies/issue with the policyId in the body:
 * the same for the coupon whose window is open. */
void issue_handle_policy(struct http_exchange *exchange);
void issue_handle_policy_in_body(struct http_exchange *exchange);

/* A request that names its coupon goes on: gate, produce, 202. Takes the exchange over; wish is
 * read in the call only. */
void issue_wanted(struct http_exchange *exchange, const struct issue_wish *wish,
                  struct issue_style style);

/* Before any request comes, once. The loop's end frees thread->spare_accepts. */
void issue_start(struct io_thread *thread);

/* A delivery report (issue_producer.h); cookie is the request's struct issue_accept. */
void issue_delivered_report(void *cookie, enum issue_delivery delivery,
                            struct result_location location);

/* A report of that cookie comes soon (issue_producer_on_upcoming). */
void issue_upcoming_report(void *cookie);

/* An admitted request goes to Kafka, or into the spool where that is its way now. Takes the
 * exchange over. */
void issue_send(struct io_thread *thread, struct http_exchange *exchange,
                const struct issue_request *request, struct issue_style style, bool tried);

/* No broker can be reached: with a spool, what waits for one goes there at once. */
void issue_kafka_away(struct io_thread *thread);

/* Call several times a second: gives up waiting for Kafka to confirm requests in time; they are put
 * into the spool, or without one answered 503. */
void issue_tick(struct io_thread *thread, int64_t now_us);

#endif
