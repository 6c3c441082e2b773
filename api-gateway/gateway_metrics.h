#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api-gateway/admission.h"
#include "api-gateway/coupon_cache.h"
#include "api-gateway/issue_producer.h"
#include "common/http/http_server.h"

/* The gateway's series; see GET /metrics. One a loop, over the same series. */
struct gateway_metrics;

/* routes: the table given to the server. */
struct gateway_metrics *gateway_metrics_new(const struct http_route *routes, size_t count,
                                            uint32_t thread_index);
void gateway_metrics_free(struct gateway_metrics *metrics);

/* An answer was sent. route: one of the table, or NULL. */
void gateway_metrics_answer(struct gateway_metrics *metrics, const struct http_route *route,
                            int status, int64_t duration_us);

/* A request was answered 202: its record is in Kafka, or its row in the spool. */
void gateway_metrics_accepted(struct gateway_metrics *metrics, bool spooled);

/* A record's delivery was reported, so long after its request was complete. */
void gateway_metrics_delivered(struct gateway_metrics *metrics, enum issue_delivery delivery,
                               int64_t duration_us);

/* A request looked for its coupon in the near cache. */
void gateway_metrics_coupon(struct gateway_metrics *metrics, enum coupon_answer answer);

/* A poll came for a result: is it in the loop's memory? */
void gateway_metrics_result(struct gateway_metrics *metrics, bool in_memory);

/* A request was turned away at the gate. */
void gateway_metrics_refused(struct gateway_metrics *metrics, enum admission admission);

/* A request's produce ended without a confirmation. */
void gateway_metrics_unknown(struct gateway_metrics *metrics);

/* How much is open on the loop right now. */
void gateway_metrics_open(struct gateway_metrics *metrics, size_t connections, size_t waiting,
                          size_t produces);

#endif
