#ifndef ISSUE_HANDLER_H
#define ISSUE_HANDLER_H

#include "common/http/http_exchange.h"
#include "api-gateway/io_thread.h"

/* POST …/coupons/{id}/issue, in all its paths: check, gate, produce, 202. */
void issue_handle_coupon(struct http_exchange *exchange);

/* POST /api/v1/users/{userId}/coupons/publish: the same; its answers also have "code" and
 * "message", which that system's clients look for. */
void issue_handle_publish(struct http_exchange *exchange);

/* A delivery report (issue_producer.h); cookie is the request's struct issue_accept. */
void issue_delivered_report(void *cookie, enum issue_delivery delivery,
                            struct result_location location);

/* Call several times a second: answers 503 to requests that Kafka did not confirm in time. */
void issue_tick(struct io_thread *thread, int64_t now_us);

#endif
