#ifndef HEALTH_H
#define HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/http/http_exchange.h"
#include "common/http/http_server.h"

/* The answers that every program gives on its management listener. */

/* One thing that must be so for the program to do its work. Loop thread; must not block. */
struct health_check {
    const char *name;
    bool (*ok)(void *cookie);
    void *cookie;
};

/* GET /livez: 200 as long as the loop turns; asks nobody. */
void health_answer_livez(struct http_exchange *exchange);

/* GET /readyz: 200 when every check holds, else 503. Lists the checks with ?verbose and when one
 * fails. */
void health_answer_readyz(struct http_exchange *exchange, const struct health_check *checks,
                          size_t count);

/* GET /metrics: Prometheus text. */
void health_answer_metrics(struct http_exchange *exchange);

/* As many connections as a management listener has use for. */
#define HEALTH_CONNECTIONS 256

/* Limits fit for a management listener on one address, with as many connections as there are
 * descriptors for. */
struct http_server_config health_server_config(const char *host, uint16_t port,
                                               size_t max_connections);

#endif
