#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "api-gateway/admission.h"
#include "common/http/http_server.h"

/* The gateway's series; see GET /metrics. One a loop, over the same series. */
struct gateway_metrics;

/* routes: the table given to the server; patterns are told apart by their address. */
struct gateway_metrics *gateway_metrics_new(const struct http_route *routes, size_t count,
                                            uint32_t thread_index);
void gateway_metrics_free(struct gateway_metrics *metrics);

/* An answer was sent. */
void gateway_metrics_answer(struct gateway_metrics *metrics, const char *pattern,
                            enum http_method method, int status, int64_t duration_us);

/* A request was turned away at the gate. */
void gateway_metrics_refused(struct gateway_metrics *metrics, enum admission admission);

/* A request's produce ended without a confirmation. */
void gateway_metrics_unknown(struct gateway_metrics *metrics);

/* How much is open on the loop right now. */
void gateway_metrics_open(struct gateway_metrics *metrics, size_t connections, size_t waiting,
                          size_t produces);

#endif
