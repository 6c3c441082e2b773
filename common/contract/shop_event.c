#include "common/contract/shop_event.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/contract/json.h"

const char *shop_event_kind_name(enum shop_event_kind kind)
{
    return kind == SHOP_EVENT_PAYMENT_COMPLETED ? "payment-completed" : "order-cancelled";
}

static enum issue_request_fault wrong(char *detail, size_t detail_size, const char *text)
{
    snprintf(detail, detail_size, "%s", text);
    return ISSUE_REQUEST_WRONG_SHAPE;
}

static enum issue_request_fault read_version(const struct json_t *value, char *detail,
                                             size_t detail_size)
{
    int64_t version = SHOP_EVENT_VERSION;
    enum json_field field = json_get_integer(value, "schemaVersion", 1, INT64_MAX, &version);

    if (field == JSON_FIELD_ABSENT)
        field = json_get_integer(value, "version", 1, INT64_MAX, &version);
    if (field == JSON_FIELD_WRONG)
        return wrong(detail, detail_size, "version is not an integer of at least 1");
    if (version <= SHOP_EVENT_VERSION)
        return ISSUE_REQUEST_OK;
    snprintf(detail, detail_size, "version is %" PRId64 ", known are versions up to %d", version,
             SHOP_EVENT_VERSION);
    return ISSUE_REQUEST_NEW_VERSION;
}

static enum issue_request_fault read_order(const struct json_t *value, struct shop_event *event,
                                           char *detail, size_t detail_size)
{
    if (order_id_read(value, "orderId", event->order_id) != JSON_FIELD_PRESENT)
        return wrong(detail, detail_size,
                     "orderId is not 1 to 64 visible ASCII characters or an integer");
    if (json_get_id(value, "userId", &event->user_id) != JSON_FIELD_PRESENT)
        return wrong(detail, detail_size, "userId is not an integer of at least 1");
    return ISSUE_REQUEST_OK;
}

/* Both of them, or neither. */
static enum issue_request_fault read_coupon(const struct json_t *value, struct shop_event *event,
                                            char *detail, size_t detail_size)
{
    int64_t issue_no = 0;
    enum json_field coupon = json_get_id(value, "couponId", &event->coupon_id);
    enum json_field number = json_get_integer(value, "issueNo", 1, UINT32_MAX, &issue_no);

    event->issue_no = (uint32_t)issue_no;
    if (coupon == JSON_FIELD_WRONG || number == JSON_FIELD_WRONG || coupon != number)
        return wrong(detail, detail_size,
                     "couponId and issueNo are not two integers of at least 1, nor both absent");
    return ISSUE_REQUEST_OK;
}

static enum issue_request_fault read_amounts(const struct json_t *value, struct shop_event *event,
                                             char *detail, size_t detail_size)
{
    int64_t final_amount = -1;
    enum json_field discount =
        json_get_integer(value, "discountAmount", 0, INT64_MAX, &event->discount_amount);
    enum json_field final = json_get_integer(value, "finalAmount", 0, INT64_MAX, &final_amount);

    if (json_get_integer(value, "totalAmount", 1, INT64_MAX, &event->total_amount) !=
        JSON_FIELD_PRESENT)
        return wrong(detail, detail_size, "totalAmount is not an integer of at least 1");
    if (discount == JSON_FIELD_WRONG || final == JSON_FIELD_WRONG)
        return wrong(detail, detail_size,
                     "discountAmount or finalAmount is not an integer of at least 0");
    if (final == JSON_FIELD_ABSENT)
        return ISSUE_REQUEST_OK;
    if (discount == JSON_FIELD_ABSENT && final_amount <= event->total_amount)
        event->discount_amount = event->total_amount - final_amount;
    event->amounts_differ = final_amount > event->total_amount ||
                            event->discount_amount != event->total_amount - final_amount;
    return ISSUE_REQUEST_OK;
}

enum issue_request_fault shop_event_decode(enum shop_event_kind kind, const char *bytes, size_t len,
                                           struct shop_event *event, char *detail,
                                           size_t detail_size)
{
    struct json_t *value;
    enum json_fault json;
    enum issue_request_fault fault;

    *event = (struct shop_event){.kind = kind, .discount_amount = -1};
    if (bytes == NULL || len == 0) {
        snprintf(detail, detail_size, "the record has no value");
        return ISSUE_REQUEST_EMPTY;
    }
    if (len > SHOP_EVENT_VALUE_MAX) {
        snprintf(detail, detail_size, "the value has %zu bytes, allowed are %d", len,
                 SHOP_EVENT_VALUE_MAX);
        return ISSUE_REQUEST_TOO_LONG;
    }
    json = json_read_object(bytes, len, &value, detail, detail_size);
    if (json != JSON_OK)
        return json == JSON_NOT_OBJECT ? ISSUE_REQUEST_WRONG_SHAPE : ISSUE_REQUEST_NOT_JSON;
    fault = read_version(value, detail, detail_size);
    if (fault == ISSUE_REQUEST_OK)
        fault = read_order(value, event, detail, detail_size);
    if (fault == ISSUE_REQUEST_OK && kind == SHOP_EVENT_PAYMENT_COMPLETED)
        fault = read_coupon(value, event, detail, detail_size);
    if (fault == ISSUE_REQUEST_OK && event->coupon_id != 0)
        fault = read_amounts(value, event, detail, detail_size);
    json_free(value);
    return fault;
}
