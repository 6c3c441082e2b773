#include <stdio.h>
#include <string.h>

#include "common/contract/coupon_event.h"
#include "common/contract/json.h"

/* Reading goes on until the first member that is missing or wrong. */
struct reading {
    const struct json_t *object;
    const char *wrong; /* its name; NULL: none so far */
};

static int64_t read_integer(struct reading *reading, const char *name, int64_t min, int64_t max)
{
    int64_t number = 0;

    if (json_get_integer(reading->object, name, min, max, &number) != JSON_FIELD_PRESENT &&
        !reading->wrong)
        reading->wrong = name;
    return number;
}

static uint64_t read_id(struct reading *reading, const char *name)
{
    uint64_t id = 0;

    if (json_get_id(reading->object, name, &id) != JSON_FIELD_PRESENT && !reading->wrong)
        reading->wrong = name;
    return id;
}

/* A time that may be null or absent where fallback is not 0. */
static int64_t read_time(struct reading *reading, const char *name, int64_t fallback)
{
    int64_t wall_ms = fallback;
    enum json_field field = json_get_time(reading->object, name, &wall_ms);
    bool fine = field == JSON_FIELD_PRESENT || (field == JSON_FIELD_ABSENT && fallback != 0);

    if (!fine && !reading->wrong)
        reading->wrong = name;
    return wall_ms;
}

static void read_text(struct reading *reading, const char *name, char *text, size_t size)
{
    const char *found = "";
    size_t len = 0;

    if (json_get_text(reading->object, name, &found, &len) != JSON_FIELD_PRESENT || len == 0 ||
        len >= size) {
        if (!reading->wrong)
            reading->wrong = name;
        return;
    }
    memcpy(text, found, len);
    text[len] = '\0';
}

static void read_status(struct reading *reading, struct coupon_event *event)
{
    char status[16] = "";

    read_text(reading, "status", status, sizeof status);
    if (event->type == COUPON_EVENT_USE_CANCELLED)
        event->expired = strcmp(status, "EXPIRED") == 0;
    if (strcmp(status, coupon_event_status(event)) != 0 && !reading->wrong)
        reading->wrong = "status";
}

static void read_user_coupon(struct reading *reading, struct coupon_event *event)
{
    event->issue_no = (uint32_t)read_integer(reading, "issueNo", 1, UINT32_MAX);
    event->change_no = (uint32_t)read_integer(reading, "changeNo", 1, UINT32_MAX);
    event->user_id = read_id(reading, "userId");
    if ((event->type == COUPON_EVENT_ISSUED) != (event->change_no == 1) && !reading->wrong)
        reading->wrong = "changeNo";
    read_status(reading, event);
}

static void read_details(struct reading *reading, struct coupon_event *event)
{
    switch (event->type) {
    case COUPON_EVENT_ISSUED:
        read_text(reading, "requestId", event->request_id, sizeof event->request_id);
        if (!request_id_valid(event->request_id, strlen(event->request_id)) && !reading->wrong)
            reading->wrong = "requestId";
        event->expires_at_ms = read_time(reading, "expiresAt", COUPON_NEVER_MS);
        break;
    case COUPON_EVENT_SOLD_OUT:
        event->total_stock = (uint32_t)read_integer(reading, "totalStock", 1, UINT32_MAX);
        break;
    case COUPON_EVENT_USED:
        read_text(reading, "orderId", event->order_id, sizeof event->order_id);
        event->order_amount = read_integer(reading, "orderAmount", 0, INT64_MAX);
        event->discount_amount = read_integer(reading, "discountAmount", 0, INT64_MAX);
        event->final_amount = read_integer(reading, "finalAmount", 0, INT64_MAX);
        break;
    case COUPON_EVENT_USE_CANCELLED:
        read_text(reading, "orderId", event->order_id, sizeof event->order_id);
        break;
    case COUPON_EVENT_EXPIRED:
    case COUPON_EVENT_REVOKED:
        break;
    }
}

static void read_members(struct reading *reading, struct coupon_event *event)
{
    char type[64] = "";

    read_integer(reading, "schemaVersion", 1, INT32_MAX);
    read_text(reading, "type", type, sizeof type);
    if (reading->wrong || !coupon_event_type_parse(type, strlen(type), &event->type))
        return;
    event->coupon_id = read_id(reading, "couponId");
    event->occurred_at_ms = read_time(reading, "occurredAt", 0);
    if (coupon_event_has_user(event->type))
        read_user_coupon(reading, event);
    read_details(reading, event);
}

bool coupon_event_decode(const char *bytes, size_t len, struct coupon_event *event, char *error,
                         size_t error_size)
{
    struct reading reading = {0};
    struct json_t *object = NULL;

    memset(event, 0, sizeof *event);
    if (len > COUPON_EVENT_VALUE_MAX) {
        snprintf(error, error_size, "it has %zu bytes, %d are allowed", len,
                 COUPON_EVENT_VALUE_MAX);
        return false;
    }
    if (json_read_object(bytes, len, &object, error, error_size) != JSON_OK)
        return false;
    reading.object = object;
    read_members(&reading, event);
    if (reading.wrong)
        snprintf(error, error_size, "%s is missing or not as it should be", reading.wrong);
    json_free(object);
    return !reading.wrong;
}
