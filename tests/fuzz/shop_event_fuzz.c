/* What the shop tells of its orders: the fault, or the fields, that a second reading of the
 * contract finds; amounts that make up the total are no difference, others are.
 *
 * Input: "P" (payment-completed) or "C" (order-cancelled) · the record's value, the rest. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/contract/shop_event.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

/* Absent and null are one. */
static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_null(value) ? NULL : value;
}

/* The integer, or -1 where there is none. False: it is another thing, or below min. */
static bool model_number(const json_t *object, const char *name, int64_t min, int64_t max,
                         int64_t *number)
{
    const json_t *value = member(object, name);

    *number = json_is_integer(value) ? json_integer_value(value) : -1;
    return value == NULL || (json_is_integer(value) && *number >= min && *number <= max);
}

static bool model_order(const json_t *value, char order_id[ORDER_ID_MAX + 1])
{
    size_t len = json_string_length(value);

    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        snprintf(order_id, ORDER_ID_MAX + 1, "%" PRId64, (int64_t)json_integer_value(value));
        return true;
    }
    if (!json_is_string(value) || len == 0 || len > ORDER_ID_MAX)
        return false;
    for (const char *at = json_string_value(value); *at != '\0'; at++)
        if (*at < 0x21 || *at > 0x7E)
            return false;
    strcpy(order_id, json_string_value(value));
    return true;
}

/* Of a payment with a coupon. */
static bool model_amounts(const json_t *object, struct shop_event *model)
{
    int64_t final;

    if (!model_number(object, "totalAmount", 1, INT64_MAX, &model->total_amount) ||
        model->total_amount < 1 ||
        !model_number(object, "discountAmount", 0, INT64_MAX, &model->discount_amount) ||
        !model_number(object, "finalAmount", 0, INT64_MAX, &final))
        return false;
    if (final >= 0 && model->discount_amount >= 0)
        model->amounts_differ =
            (__int128) final + model->discount_amount != (__int128)model->total_amount;
    else if (final > model->total_amount)
        model->amounts_differ = true;
    else if (final >= 0)
        model->discount_amount = model->total_amount - final;
    return true;
}

static enum issue_request_fault model_members(const json_t *object, struct shop_event *model)
{
    const char *name = member(object, "schemaVersion") ? "schemaVersion" : "version";
    int64_t version, user, coupon, number;

    if (!model_number(object, name, 1, INT64_MAX, &version))
        return ISSUE_REQUEST_WRONG_SHAPE;
    if (version > SHOP_EVENT_VERSION)
        return ISSUE_REQUEST_NEW_VERSION;
    if (!model_order(member(object, "orderId"), model->order_id) ||
        !model_number(object, "userId", 1, INT64_MAX, &user) || user < 1)
        return ISSUE_REQUEST_WRONG_SHAPE;
    model->user_id = (uint64_t)user;
    model->discount_amount = -1;
    if (model->kind == SHOP_EVENT_ORDER_CANCELLED)
        return ISSUE_REQUEST_OK;
    if (!model_number(object, "couponId", 1, INT64_MAX, &coupon) ||
        !model_number(object, "issueNo", 1, UINT32_MAX, &number) || (coupon < 0) != (number < 0))
        return ISSUE_REQUEST_WRONG_SHAPE;
    if (coupon < 0)
        return ISSUE_REQUEST_OK;
    model->coupon_id = (uint64_t)coupon;
    model->issue_no = (uint32_t)number;
    return model_amounts(object, model) ? ISSUE_REQUEST_OK : ISSUE_REQUEST_WRONG_SHAPE;
}

static enum issue_request_fault model_read(const char *text, size_t len, struct shop_event *model)
{
    enum issue_request_fault fault = ISSUE_REQUEST_NOT_JSON;
    json_t *value;

    if (len == 0)
        return ISSUE_REQUEST_EMPTY;
    if (len > SHOP_EVENT_VALUE_MAX)
        return ISSUE_REQUEST_TOO_LONG;
    value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (value)
        fault = json_is_object(value) ? model_members(value, model) : ISSUE_REQUEST_WRONG_SHAPE;
    json_decref(value);
    return fault;
}

static bool same(const struct shop_event *event, const struct shop_event *model)
{
    return event->kind == model->kind && strcmp(event->order_id, model->order_id) == 0 &&
           event->user_id == model->user_id && event->coupon_id == model->coupon_id &&
           event->issue_no == model->issue_no && event->total_amount == model->total_amount &&
           event->discount_amount == model->discount_amount &&
           event->amounts_differ == model->amounts_differ;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_text text = {(const char *)bytes, (const char *)bytes + size};
    struct http_slice kind = fuzz_line(&text);
    struct http_slice value = fuzz_rest(&text);
    char *copy = fuzz_copy(value);
    struct shop_event event, model = {.kind = SHOP_EVENT_ORDER_CANCELLED};
    char detail[160] = "";
    enum issue_request_fault fault, expected;

    if (kind.len == 1 && kind.data[0] == 'P')
        model.kind = SHOP_EVENT_PAYMENT_COMPLETED;
    expected = model_read(copy, value.len, &model);
    fault = shop_event_decode(model.kind, copy, value.len, &event, detail, sizeof detail);
    EXPECT(fault == expected, "%s (%s), expected %s", issue_request_fault_name(fault), detail,
           issue_request_fault_name(expected));
    EXPECT((fault == ISSUE_REQUEST_OK) == (detail[0] == '\0'), "\"%s\"", detail);
    EXPECT(fault != ISSUE_REQUEST_OK || same(&event, &model),
           "order %s, user %" PRIu64 ", coupon %" PRIu64 ".%" PRIu32 ", %" PRId64 " - %" PRId64,
           event.order_id, event.user_id, event.coupon_id, event.issue_no, event.total_amount,
           event.discount_amount);
    free(copy);
    return 0;
}
