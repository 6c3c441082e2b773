#include "api-gateway/handlers/issue_body.h"

#include <stdio.h>
#include <string.h>

#include "common/contract/json.h"

/* Take an id that may be told in more than one place; they must agree. */
static bool merge(uint64_t *id, uint64_t found)
{
    if (*id && *id != found)
        return false;
    *id = found;
    return true;
}

static enum issue_body_fault invalid(char *text, size_t text_size, const char *what)
{
    snprintf(text, text_size, "%s", what);
    return ISSUE_BODY_INVALID;
}

static enum issue_body_fault read_member(const struct json_t *object, const char *name,
                                         uint64_t *id, char *text, size_t text_size)
{
    uint64_t found;

    switch (json_get_id(object, name, &found)) {
    case JSON_FIELD_ABSENT:
        return ISSUE_BODY_OK;
    case JSON_FIELD_WRONG:
        snprintf(text, text_size, "%s must be an integer from 1 to 9223372036854775807.", name);
        return ISSUE_BODY_INVALID;
    case JSON_FIELD_PRESENT:
        break;
    }
    if (merge(id, found))
        return ISSUE_BODY_OK;
    snprintf(text, text_size, "%s in the body differs from the one in the URL.", name);
    return ISSUE_BODY_INVALID;
}

/* The body that nearly all requests have, {"userId":16}, without a JSON tree. False: it is another
 * one. */
static bool read_usual_body(struct http_slice body, uint64_t *user_id)
{
    static const char start[] = "{\"userId\":";
    size_t skip = sizeof start - 1;

    if (body.len <= skip || memcmp(body.data, start, skip) != 0 || body.data[body.len - 1] != '}')
        return false;
    skip += body.data[skip] == ' ';
    return skip < body.len &&
           http_slice_id((struct http_slice){body.data + skip, body.len - skip - 1}, user_id);
}

/* The coupon or, where the request is for one, the policy. */
static enum issue_body_fault read_target(const struct json_t *object, enum issue_path path,
                                         struct issue_wish *wish, char *text, size_t text_size)
{
    bool may_be_coupon = path == ISSUE_PATH_COUPON || path == ISSUE_PATH_USER;
    enum issue_body_fault fault = ISSUE_BODY_OK;

    if (may_be_coupon)
        fault = read_member(object, "couponId", &wish->coupon_id, text, text_size);
    if (fault == ISSUE_BODY_OK && !wish->coupon_id)
        fault = read_member(object, "policyId", &wish->policy_id, text, text_size);
    return fault;
}

static enum issue_body_fault read_body(const struct http_request *request, enum issue_path path,
                                       struct issue_wish *wish, char *text, size_t text_size)
{
    struct json_t *object;
    enum issue_body_fault fault;
    uint64_t user_id;

    if (request->body.len == 0)
        return ISSUE_BODY_OK;
    if (read_usual_body(request->body, &user_id))
        return merge(&wish->user_id, user_id)
                   ? ISSUE_BODY_OK
                   : invalid(text, text_size,
                             "userId in the body differs from the one in the URL.");
    switch (json_read_object(request->body.data, request->body.len, &object, text, text_size)) {
    case JSON_OK:
        break;
    case JSON_INVALID:
        return ISSUE_BODY_NOT_JSON;
    case JSON_UNUSABLE:
    case JSON_NOT_OBJECT:
        return ISSUE_BODY_INVALID;
    }
    fault = read_member(object, "userId", &wish->user_id, text, text_size);
    if (fault == ISSUE_BODY_OK)
        fault = read_target(object, path, wish, text, text_size);
    json_free(object);
    return fault;
}

/* The draft's key is a structured-field string ("…"); a bare token is taken too. */
static bool read_key(const struct http_slice *field, struct issue_wish *wish)
{
    const char *key = field->data;
    size_t len = field->len;

    if (len >= 2 && key[0] == '"' && key[len - 1] == '"') {
        key++;
        len -= 2;
    }
    if (len == 0 || len > ISSUE_BODY_KEY_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (key[i] < 0x21 || key[i] > 0x7e || key[i] == '"' || key[i] == '\\')
            return false;
    wish->key = key;
    wish->key_len = len;
    return true;
}

static bool has_field_twice(const struct http_request *request, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < request->field_count; i++)
        count += http_slice_is(request->fields[i].name, name);
    return count > 1;
}

static bool read_path(const struct http_request *request, enum issue_path path,
                      struct issue_wish *wish)
{
    switch (path) {
    case ISSUE_PATH_COUPON:
        return http_slice_id(request->params[0], &wish->coupon_id);
    case ISSUE_PATH_USER:
        return http_slice_id(request->params[0], &wish->user_id);
    case ISSUE_PATH_POLICY:
        return http_slice_id(request->params[0], &wish->policy_id);
    case ISSUE_PATH_NONE:
        break;
    }
    return true;
}

enum issue_body_fault issue_body_read(const struct http_request *request, enum issue_path path,
                                      uint64_t caller_id, struct issue_wish *wish, char *text,
                                      size_t text_size)
{
    const struct http_slice *key = http_request_field(request, "idempotency-key");
    struct http_slice value;
    enum issue_body_fault fault;
    bool twice = false;

    *wish = (struct issue_wish){0};
    if (!read_path(request, path, wish))
        return invalid(text, text_size,
                       "The id in the path must be an integer from 1 to 9223372036854775807.");
    if (request->query.len > 0 && http_request_query(request, "userId", &value, &twice)) {
        uint64_t user_id;

        if (twice || !http_slice_id(value, &user_id) || !merge(&wish->user_id, user_id))
            return invalid(text, text_size,
                           "userId in the query must be given once, be an integer from 1 to "
                           "9223372036854775807, and agree with the path.");
    }
    fault = read_body(request, path, wish, text, text_size);
    if (fault != ISSUE_BODY_OK)
        return fault;
    if (!wish->user_id)
        wish->user_id = caller_id;
    if (!wish->user_id)
        return invalid(text, text_size, "userId is missing: send {\"userId\":16}.");
    if (!wish->coupon_id && !wish->policy_id)
        return invalid(text, text_size,
                       path == ISSUE_PATH_NONE
                           ? "policyId is missing: send {\"policyId\":1,\"userId\":16}."
                           : "couponId is missing: send {\"couponId\":1}, or a policyId.");
    if (key && (has_field_twice(request, "idempotency-key") || !read_key(key, wish)))
        return invalid(text, text_size,
                       "Idempotency-Key must be given once and have 1 to 255 printable characters "
                       "without blanks, quotes and backslashes.");
    return ISSUE_BODY_OK;
}
