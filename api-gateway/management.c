#include "api-gateway/management.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api-gateway/api_document.h"
#include "api-gateway/handlers/admin.h"
#include "api-gateway/handlers/admin_call.h"
#include "common/http/http_server.h"
#include "common/base/address.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/management/health.h"

struct management {
    struct http_server *server;
    struct admin *admin;
    const struct topic_watch *topic;
    bool spool; /* --spool=on */
    bool serving;
    bool stopping;
};

static bool is_running(void *cookie)
{
    return !((struct management *)cookie)->stopping;
}

static bool is_serving(void *cookie)
{
    return ((struct management *)cookie)->serving;
}

/* With a spool, requests can be taken in all the same. */
static bool is_topic_found(void *cookie)
{
    const struct management *management = cookie;

    return management->spool || topic_watch_partitions(management->topic) > 0;
}

static void answer_readyz(struct http_exchange *exchange)
{
    struct management *management = http_exchange_context(exchange);
    const struct health_check checks[] = {
        {"not stopping", is_running, management},
        {"database reached, schema fits, listeners open", is_serving, management},
        {"request topic found, or a spool", is_topic_found, management},
    };

    health_answer_readyz(exchange, checks, sizeof checks / sizeof checks[0]);
}

static const struct http_route routes[] = {
    {HTTP_METHOD_GET, "/livez", health_answer_livez, 0},
    {HTTP_METHOD_GET, "/readyz", answer_readyz, 0},
    {HTTP_METHOD_GET, "/metrics", health_answer_metrics, 0},
    {HTTP_METHOD_GET, "/openapi.yaml", api_document_handle_admin, 0},
    {HTTP_METHOD_POST, "/admin/v1/coupons", admin_handle_create, ADMIN_COUPON_MAX_BODY},
    {HTTP_METHOD_GET, "/admin/v1/coupons", admin_handle_list, 0},
    {HTTP_METHOD_GET, "/admin/v1/coupons/{id}", admin_handle_read, 0},
    {HTTP_METHOD_PATCH, "/admin/v1/coupons/{id}", admin_handle_patch, ADMIN_COUPON_MAX_BODY},
    {HTTP_METHOD_DELETE, "/admin/v1/coupons/{id}", admin_handle_delete, 0},
    {HTTP_METHOD_POST, "/admin/v1/coupons/{id}/open", admin_handle_open, ADMIN_EMPTY_MAX_BODY},
    {HTTP_METHOD_POST, "/admin/v1/coupons/{id}/pause", admin_handle_pause, ADMIN_EMPTY_MAX_BODY},
    {HTTP_METHOD_POST, "/admin/v1/coupons/{id}/close", admin_handle_close, ADMIN_EMPTY_MAX_BODY},
    {HTTP_METHOD_POST, "/admin/v1/coupons/{id}/issued/{issueNo}/revoke", admin_handle_revoke,
     ADMIN_EMPTY_MAX_BODY},
    {HTTP_METHOD_GET, "/admin/v1/coupons/{id}/stats", admin_handle_stats, 0},
    {HTTP_METHOD_POST, "/admin/v1/policies", admin_handle_policy_create, ADMIN_COUPON_MAX_BODY},
    {HTTP_METHOD_GET, "/admin/v1/policies", admin_handle_policy_list, 0},
    {HTTP_METHOD_GET, "/admin/v1/policies/{id}", admin_handle_policy_read, 0},
};

struct management *management_start(const struct management_parts *parts)
{
    const char *listen = parts->config->management_listen;
    struct http_server_config config;
    struct address address;
    struct management *management;

    if (!address_parse(listen, &address)) {
        log_error("bad_address", "--management-listen %s: give a numeric HOST:PORT", listen);
        return NULL;
    }
    management = calloc(1, sizeof *management);
    CHECK(management, "out of memory");
    management->topic = parts->topic;
    management->spool = strcmp(parts->config->spool, "on") == 0;
    config = health_server_config(address.host, address.port, parts->max_connections);
    management->server =
        http_server_new(parts->base, &config, routes, sizeof routes / sizeof routes[0], management);
    if (!management->server) {
        log_error("listen_failed", "--management-listen %s: %s", listen, strerror(errno));
        free(management);
        return NULL;
    }
    management->admin = admin_new(parts);
    return management;
}

void management_free(struct management *management)
{
    if (!management)
        return;
    http_server_free(management->server);
    admin_free(management->admin);
    free(management);
}

void management_set_serving(struct management *management, bool serving)
{
    management->serving = serving;
}

void management_set_stopping(struct management *management)
{
    management->stopping = true;
}

bool management_set_admin_token(struct management *management, const char *text)
{
    struct admin_token fresh = {.count = 0};
    struct admin_token *token = &management->admin->token;

    if (!admin_token_set(&fresh, text))
        return false;
    if (memcmp(&fresh, token, sizeof fresh) != 0)
        log_info("admin_token_loaded", "%zu admin tokens are in use", fresh.count);
    *token = fresh;
    return true;
}

struct admin *management_admin(const struct management *management)
{
    return management->admin;
}
