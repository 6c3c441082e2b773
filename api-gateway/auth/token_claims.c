#include "api-gateway/auth/token_claims.h"

#include <stdbool.h>
#include <string.h>

#include "api-gateway/auth/token_json.h"
#include "common/contract/json.h"
#include "common/http/http_request.h"

static bool is_issuer(const struct json_t *object, const char *issuer)
{
    const char *text;
    size_t len;

    return json_get_text(object, "iss", &text, &len) == JSON_FIELD_PRESENT &&
           strlen(issuer) == len && memcmp(issuer, text, len) == 0;
}

static bool read_user(const struct json_t *object, const char *claim, uint64_t *user_id)
{
    const char *text;
    size_t len;

    if (json_get_text(object, claim, &text, &len) == JSON_FIELD_PRESENT)
        return http_slice_id((struct http_slice){text, len}, user_id);
    return json_get_id(object, claim, user_id) == JSON_FIELD_PRESENT;
}

static enum token_fault read_times(const struct json_t *object, int64_t leeway_ms,
                                   struct token_claims *claims)
{
    int64_t expires_ms, begins_ms;

    if (!token_json_seconds(object, "exp", &expires_ms))
        return TOKEN_MALFORMED;
    claims->until_ms = expires_ms + leeway_ms;
    claims->from_ms = INT64_MIN;
    if (!token_json_has(object, "nbf"))
        return TOKEN_OK;
    if (!token_json_seconds(object, "nbf", &begins_ms))
        return TOKEN_MALFORMED;
    claims->from_ms = begins_ms - leeway_ms;
    return TOKEN_OK;
}

static enum token_fault read_claims(const struct json_t *object, const struct token_rules *rules,
                                    struct token_claims *claims)
{
    enum token_fault fault = read_times(object, rules->leeway_ms, claims);

    if (fault != TOKEN_OK)
        return fault;
    if (!is_issuer(object, rules->issuer))
        return TOKEN_ISSUER;
    if (!token_json_names(object, "aud", rules->audience))
        return TOKEN_AUDIENCE;
    return read_user(object, rules->user_claim, &claims->user_id) ? TOKEN_OK : TOKEN_USER;
}

enum token_fault token_claims_read(const char *payload, size_t len, const struct token_rules *rules,
                                   struct token_claims *claims)
{
    struct json_t *object;
    enum token_fault fault;

    if (json_read_object(payload, len, &object, NULL, 0) != JSON_OK)
        return TOKEN_MALFORMED;
    fault = read_claims(object, rules, claims);
    json_free(object);
    return fault;
}

enum token_fault token_claims_time(const struct token_claims *claims, int64_t wall_ms)
{
    if (wall_ms >= claims->until_ms)
        return TOKEN_EXPIRED;
    return wall_ms < claims->from_ms ? TOKEN_NOT_YET : TOKEN_OK;
}
