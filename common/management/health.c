#include "common/management/health.h"

#include "common/base/strbuf.h"
#include "common/metrics/metrics.h"
#include "common/metrics/process_metrics.h"

#define PLAIN "text/plain; charset=utf-8"

void health_answer_livez(struct http_exchange *exchange)
{
    http_exchange_reply(exchange, 200, PLAIN, NULL, "ok\n", 3);
}

void health_answer_readyz(struct http_exchange *exchange, const struct health_check *checks,
                          size_t count)
{
    struct strbuf body = STRBUF_INIT;
    struct http_slice value;
    bool twice;
    bool ready = true;
    bool verbose = http_request_query(http_exchange_request(exchange), "verbose", &value, &twice);

    for (size_t i = 0; i < count; i++) {
        bool ok = checks[i].ok(checks[i].cookie);

        ready = ready && ok;
        strbuf_addf(&body, "[%c] %s\n", ok ? '+' : '-', checks[i].name);
    }
    if (ready && !verbose)
        strbuf_clear(&body);
    strbuf_add_text(&body, ready ? "ok\n" : "not ready\n");
    http_exchange_reply(exchange, ready ? 200 : 503, PLAIN, NULL, body.data, body.len);
    strbuf_free(&body);
}

void health_answer_metrics(struct http_exchange *exchange)
{
    struct strbuf body = STRBUF_INIT;

    metrics_write(&body);
    process_metrics_write(&body);
    http_exchange_reply(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", NULL, body.data,
                        body.len);
    strbuf_free(&body);
}

struct http_server_config health_server_config(const char *host, uint16_t port,
                                               size_t max_connections)
{
    return (struct http_server_config){
        .host = host,
        .port = port,
        .max_connections = max_connections,
        .max_head_bytes = 8192,
        .idle_timeout_ms = 60000,
        .head_timeout_ms = 5000,
        .body_timeout_ms = 10000,
        .write_timeout_ms = 10000,
    };
}
