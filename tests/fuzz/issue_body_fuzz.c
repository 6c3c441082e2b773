/* An issue request's path, query, key and body: the ids that a second reading by Jansson finds, and
 * refused where that refuses. An id that is taken stands in the input digit for digit.
 *
 * Input: "C", "U", "P" or "N" and the id in the path · the query · the Idempotency-Key ("=" and its
 * value, "2" and one that is given twice, or nothing) · the body; a line each. */
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "api-gateway/handlers/issue_body.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

struct input {
    enum issue_path path;
    struct http_slice param, query, key, body;
    size_t keys;
};

/* What is expected: the ids, or that they are refused. */
struct wish_model {
    bool good;
    bool may_be_not_json;
    uint64_t coupon_id, policy_id, user_id;
    struct http_slice key;
};

static struct http_slice without_first(struct http_slice slice)
{
    return slice.len > 0 ? (struct http_slice){slice.data + 1, slice.len - 1} : slice;
}

static struct input read_input(const uint8_t *bytes, size_t size)
{
    struct fuzz_text text = {(const char *)bytes, (const char *)bytes + size};
    struct http_slice param = fuzz_line(&text);
    struct input input;

    switch (param.len > 0 ? param.data[0] : 'C') {
    case 'U':
        input.path = ISSUE_PATH_USER;
        break;
    case 'P':
        input.path = ISSUE_PATH_POLICY;
        break;
    case 'N':
        input.path = ISSUE_PATH_NONE;
        break;
    default:
        input.path = ISSUE_PATH_COUPON;
    }
    input.param = without_first(param);
    input.query = fuzz_line(&text);
    input.key = fuzz_line(&text);
    input.keys = input.key.len == 0 ? 0 : input.key.data[0] == '2' ? 2 : 1;
    input.key = without_first(input.key);
    input.body = fuzz_rest(&text);
    return input;
}

static bool model_merge(uint64_t *id, uint64_t found)
{
    bool agree = *id == 0 || *id == found;

    *id = found;
    return agree;
}

static bool model_member(const json_t *object, const char *name, uint64_t *id)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL || json_is_null(value))
        return true;
    return json_is_integer(value) && json_integer_value(value) > 0 &&
           model_merge(id, (uint64_t)json_integer_value(value));
}

/* A coupon is named by the path or the body, a policy where no coupon is. */
static bool model_target(const json_t *value, enum issue_path path, struct wish_model *model)
{
    if (path == ISSUE_PATH_COUPON)
        return model_member(value, "couponId", &model->coupon_id);
    if (path == ISSUE_PATH_USER && !model_member(value, "couponId", &model->coupon_id))
        return false;
    return model->coupon_id != 0 || model_member(value, "policyId", &model->policy_id);
}

static bool model_body(struct http_slice body, enum issue_path path, struct wish_model *model)
{
    json_t *value;
    bool good;

    if (body.len == 0)
        return true;
    value = memchr(body.data, '\0', body.len) == NULL
                ? json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL)
                : NULL;
    if (value == NULL) {
        json_t *lenient = json_loadb(body.data, body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

        model->may_be_not_json = lenient == NULL || memchr(body.data, '\0', body.len) != NULL;
        json_decref(lenient);
        return false;
    }
    good = json_is_object(value) && model_member(value, "userId", &model->user_id) &&
           model_target(value, path, model);
    json_decref(value);
    return good;
}

static bool model_key(const struct input *input, struct wish_model *model)
{
    struct http_slice key = input->key;

    if (input->keys == 0)
        return true;
    if (key.len >= 2 && key.data[0] == '"' && key.data[key.len - 1] == '"')
        key = (struct http_slice){key.data + 1, key.len - 2};
    for (size_t i = 0; i < key.len; i++)
        if (key.data[i] <= ' ' || key.data[i] > '~' || key.data[i] == '"' || key.data[i] == '\\')
            return false;
    model->key = key;
    return input->keys == 1 && key.len >= 1 && key.len <= 255;
}

static struct wish_model model_of(const struct input *input)
{
    struct wish_model model = {0};
    struct http_slice value;
    uint64_t user_id;
    size_t count = fuzz_query(input->query, "userId", &value);

    model.good = input->path == ISSUE_PATH_NONE ||
                 fuzz_decimal(input->param, false, 1, INT64_MAX,
                              input->path == ISSUE_PATH_USER     ? &model.user_id
                              : input->path == ISSUE_PATH_POLICY ? &model.policy_id
                                                                 : &model.coupon_id);
    if (model.good && count > 0)
        model.good = count == 1 && fuzz_decimal(value, false, 1, INT64_MAX, &user_id) &&
                     model_merge(&model.user_id, user_id);
    model.good = model.good && model_body(input->body, input->path, &model) && model.user_id != 0 &&
                 (model.coupon_id != 0 || model.policy_id != 0) && model_key(input, &model);
    return model;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number stands in text as it is: no digit, sign, point or exponent beside it. */
static bool is_in(struct http_slice text, const char *digits, size_t len)
{
    for (size_t i = 0; i + len <= text.len; i++) {
        char before = i > 0 ? text.data[i - 1] : ' ';
        char after = i + len < text.len ? text.data[i + len] : ' ';

        if (memcmp(text.data + i, digits, len) == 0 && !is_digit(before) && !is_digit(after) &&
            before != '-' && before != '.' && after != '.' && after != 'e' && after != 'E')
            return true;
    }
    return false;
}

static bool is_written(const struct input *input, uint64_t number)
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number);

    return is_in(input->param, digits, len) || is_in(input->query, digits, len) ||
           is_in(input->body, digits, len);
}

static void expect_wish(const struct issue_wish *wish, const struct wish_model *model,
                        const struct input *input)
{
    EXPECT(wish->coupon_id == model->coupon_id && wish->policy_id == model->policy_id &&
               wish->user_id == model->user_id,
           "coupon %" PRIu64 ", policy %" PRIu64 ", user %" PRIu64 "; expected %" PRIu64
           ", %" PRIu64 ", %" PRIu64,
           wish->coupon_id, wish->policy_id, wish->user_id, model->coupon_id, model->policy_id,
           model->user_id);
    EXPECT(is_written(input, wish->coupon_id ? wish->coupon_id : wish->policy_id),
           "coupon %" PRIu64 ", policy %" PRIu64, wish->coupon_id, wish->policy_id);
    EXPECT(is_written(input, wish->user_id), "user %" PRIu64, wish->user_id);
    EXPECT((wish->key != NULL) == (model->key.len > 0) && wish->key_len == model->key.len &&
               (wish->key == NULL || memcmp(wish->key, model->key.data, wish->key_len) == 0),
           "a key of %zu bytes, expected %zu", wish->key_len, model->key.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = read_input(bytes, size);
    struct wish_model model = model_of(&input);
    struct http_slice name = {"idempotency-key", 15};
    char *body = fuzz_copy(input.body);
    char text[200] = "";
    struct issue_wish wish;
    struct http_request request = {
        .method = HTTP_METHOD_POST,
        .query = input.query,
        .body = {body, input.body.len},
        .params = {input.param},
        .param_count = 1,
        .fields = {{name, input.key}, {name, input.key}},
        .field_count = input.keys,
    };
    enum issue_body_fault fault =
        issue_body_read(&request, input.path, 0, &wish, text, sizeof text);

    EXPECT((fault == ISSUE_BODY_OK) == model.good, "fault %d (%s), expected %s", fault, text,
           model.good ? "none" : "one");
    EXPECT((fault == ISSUE_BODY_OK) == (text[0] == '\0'), "fault %d, text \"%s\"", fault, text);
    EXPECT(fault != ISSUE_BODY_NOT_JSON || model.may_be_not_json, "JSON is refused: %s", text);
    if (fault == ISSUE_BODY_OK)
        expect_wish(&wish, &model, &input);
    free(body);
    return 0;
}
