/* A request to use a coupon, or to give it back: the ids and the amount that a second reading
 * finds, and refused where that refuses. A number that is taken stands in the input digit for
 * digit.
 *
 * Input: issueNo in the path · the query · "U" or "C" and the body; a line each, the body is the
 * rest. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "api-gateway/handlers/use_body.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

struct model {
    uint64_t issue_no, user_id;
    int64_t amount;
    char order_id[ORDER_ID_MAX + 1];
};

static bool model_order(const json_t *value, char order_id[ORDER_ID_MAX + 1])
{
    const char *text = json_string_value(value);

    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        snprintf(order_id, ORDER_ID_MAX + 1, "%" PRId64, (int64_t)json_integer_value(value));
        return true;
    }
    if (text == NULL || json_string_length(value) == 0 || json_string_length(value) > ORDER_ID_MAX)
        return false;
    for (const char *at = text; *at != '\0'; at++)
        if (*at < 0x21 || *at > 0x7E)
            return false;
    strcpy(order_id, text);
    return true;
}

/* Absent and null are one. */
static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_null(value) ? NULL : value;
}

static bool model_members(const json_t *object, bool use, struct model *model)
{
    const json_t *order = member(object, "orderId");
    const json_t *amount = member(object, "orderAmount");
    const json_t *user = member(object, "userId");

    if (!json_is_object(object) || order == NULL || !model_order(order, model->order_id))
        return false;
    if (use && (!json_is_integer(amount) || json_integer_value(amount) < 1))
        return false;
    if (use)
        model->amount = json_integer_value(amount);
    if (user == NULL)
        return true;
    if (!json_is_integer(user) || json_integer_value(user) < 1 ||
        (model->user_id != 0 && model->user_id != (uint64_t)json_integer_value(user)))
        return false;
    model->user_id = (uint64_t)json_integer_value(user);
    return true;
}

static bool model_read(struct http_slice number, struct http_slice query, bool use,
                       struct http_slice body, struct model *model)
{
    struct http_slice value;
    size_t users = fuzz_query(query, "userId", &value);
    json_t *object;
    bool good;

    *model = (struct model){0};
    if (!fuzz_decimal(number, false, 1, UINT32_MAX, &model->issue_no) || users > 1 ||
        (users == 1 && !fuzz_decimal(value, false, 1, INT64_MAX, &model->user_id)))
        return false;
    if (body.len == 0 || memchr(body.data, '\0', body.len) != NULL)
        return false;
    object = json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
    good = object != NULL && model_members(object, use, model);
    json_decref(object);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_text text = {(const char *)bytes, (const char *)bytes + size};
    struct http_slice number = fuzz_line(&text);
    struct http_slice query = fuzz_line(&text);
    struct http_slice rest = fuzz_rest(&text);
    bool use = rest.len > 0 && rest.data[0] == 'U';
    struct http_slice body = rest.len > 0 ? (struct http_slice){rest.data + 1, rest.len - 1} : rest;
    char *copy = fuzz_copy(body);
    struct http_request request = {
        .params = {{"1", 1}, number},
        .param_count = 2,
        .query = query,
        .body = {copy, body.len},
    };
    struct user_coupon_wish wish;
    struct model model;
    char problem[256] = "";
    bool good = model_read(number, query, use, request.body, &model);
    enum use_body_fault fault = use_body_read(&request, use ? USE_BODY_USE : USE_BODY_CANCEL, &wish,
                                              problem, sizeof problem);

    EXPECT((fault == USE_BODY_OK) == good, "%s", fault == USE_BODY_OK ? "taken" : problem);
    EXPECT(good || problem[0] != '\0', "refused without a word");
    if (good)
        EXPECT(wish.coupon_id == 1 && wish.issue_no == model.issue_no &&
                   wish.user_id == model.user_id && wish.order_amount == model.amount &&
                   strcmp(wish.order_id, model.order_id) == 0,
               "issueNo %" PRIu32 ", user %" PRIu64 ", amount %" PRId64 ", order %s", wish.issue_no,
               wish.user_id, wish.order_amount, wish.order_id);
    free(copy);
    return 0;
}
