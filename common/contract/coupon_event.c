#include "common/contract/coupon_event.h"

#include <string.h>

#include "common/base/check.h"
#include "common/base/timestamp.h"

static const char *const type_names[] = {
    [COUPON_EVENT_ISSUED] = "coupon.issued",
    [COUPON_EVENT_SOLD_OUT] = "coupon.sold-out",
    [COUPON_EVENT_USED] = "coupon.used",
    [COUPON_EVENT_USE_CANCELLED] = "coupon.use-cancelled",
    [COUPON_EVENT_EXPIRED] = "coupon.expired",
    [COUPON_EVENT_REVOKED] = "coupon.revoked",
};

const char *coupon_event_type_name(enum coupon_event_type type)
{
    CHECK(type >= COUPON_EVENT_ISSUED && type <= COUPON_EVENT_REVOKED, "event type %d", (int)type);
    return type_names[type];
}

bool coupon_event_type_parse(const char *name, size_t len, enum coupon_event_type *type)
{
    for (int i = COUPON_EVENT_ISSUED; i <= COUPON_EVENT_REVOKED; i++) {
        if (strlen(type_names[i]) == len && memcmp(type_names[i], name, len) == 0) {
            *type = (enum coupon_event_type)i;
            return true;
        }
    }
    return false;
}

bool coupon_event_has_user(enum coupon_event_type type)
{
    return type != COUPON_EVENT_SOLD_OUT;
}

const char *coupon_event_status(const struct coupon_event *event)
{
    switch (event->type) {
    case COUPON_EVENT_ISSUED:
        return "ISSUED";
    case COUPON_EVENT_USED:
        return "USED";
    case COUPON_EVENT_USE_CANCELLED:
        return event->expired ? "EXPIRED" : "ISSUED";
    case COUPON_EVENT_EXPIRED:
        return "EXPIRED";
    case COUPON_EVENT_REVOKED:
        return "REVOKED";
    case COUPON_EVENT_SOLD_OUT:
        break;
    }
    CHECK(false, "an event of type %d has no user coupon", (int)event->type);
}

void coupon_event_add_id(const struct coupon_event *event, struct strbuf *out)
{
    strbuf_add_u64(out, event->coupon_id);
    if (!coupon_event_has_user(event->type)) {
        strbuf_add_text(out, ".sold-out.");
        strbuf_add_u64(out, event->total_stock);
        return;
    }
    strbuf_add(out, ".", 1);
    strbuf_add_u64(out, event->issue_no);
    strbuf_add(out, ".", 1);
    strbuf_add_u64(out, event->change_no);
}

void coupon_event_add_subject(const struct coupon_event *event, struct strbuf *out)
{
    strbuf_add_text(out, "coupons/");
    strbuf_add_u64(out, event->coupon_id);
    if (!coupon_event_has_user(event->type))
        return;
    strbuf_add_text(out, "/issued/");
    strbuf_add_u64(out, event->issue_no);
}

static void add_number(struct strbuf *out, const char *name, int64_t number)
{
    CHECK(number >= 0, "%s is %lld", name, (long long)number);
    strbuf_add_text(out, name);
    strbuf_add_u64(out, (uint64_t)number);
}

static void add_time(struct strbuf *out, const char *name, int64_t wall_ms)
{
    char text[TIMESTAMP_SIZE + 2] = "\"";

    strbuf_add_text(out, name);
    if (wall_ms == COUPON_NEVER_MS) {
        strbuf_add_text(out, "null");
        return;
    }
    timestamp_format(wall_ms, text + 1);
    text[TIMESTAMP_SIZE] = '"';
    strbuf_add(out, text, TIMESTAMP_SIZE + 1);
}

static void add_order(const struct coupon_event *event, struct strbuf *out)
{
    size_t len = strnlen(event->order_id, sizeof event->order_id);

    CHECK(len >= 1 && len <= COUPON_EVENT_ORDER_ID_MAX, "orderId of %zu bytes", len);
    strbuf_add_text(out, ",\"orderId\":");
    strbuf_add_json_string(out, event->order_id, len);
}

static void add_user_coupon(const struct coupon_event *event, struct strbuf *out)
{
    CHECK(event->issue_no > 0 && event->change_no > 0 && event->user_id > 0,
          "an event of no user coupon");
    CHECK((event->type == COUPON_EVENT_ISSUED) == (event->change_no == 1), "%s is change %u",
          coupon_event_type_name(event->type), event->change_no);
    add_number(out, ",\"issueNo\":", event->issue_no);
    add_number(out, ",\"changeNo\":", event->change_no);
    strbuf_add_text(out, ",\"userId\":");
    strbuf_add_u64(out, event->user_id);
    strbuf_add_text(out, ",\"status\":\"");
    strbuf_add_text(out, coupon_event_status(event));
    strbuf_add(out, "\"", 1);
}

static void add_details(const struct coupon_event *event, struct strbuf *out)
{
    switch (event->type) {
    case COUPON_EVENT_ISSUED:
        CHECK(request_id_valid(event->request_id,
                               strnlen(event->request_id, sizeof event->request_id)),
              "issued by no request");
        strbuf_add_text(out, ",\"requestId\":\"");
        strbuf_add_text(out, event->request_id);
        add_time(out, "\",\"expiresAt\":", event->expires_at_ms);
        break;
    case COUPON_EVENT_SOLD_OUT:
        add_number(out, ",\"totalStock\":", event->total_stock);
        break;
    case COUPON_EVENT_USED:
        add_order(event, out);
        add_number(out, ",\"orderAmount\":", event->order_amount);
        add_number(out, ",\"discountAmount\":", event->discount_amount);
        add_number(out, ",\"finalAmount\":", event->final_amount);
        break;
    case COUPON_EVENT_USE_CANCELLED:
        add_order(event, out);
        break;
    case COUPON_EVENT_EXPIRED:
    case COUPON_EVENT_REVOKED:
        break;
    }
}

void coupon_event_encode(const struct coupon_event *event, struct strbuf *out)
{
    CHECK(event->coupon_id > 0, "an event of no coupon");
    add_number(out, "{\"schemaVersion\":", COUPON_EVENT_VERSION);
    strbuf_add_text(out, ",\"eventId\":\"");
    coupon_event_add_id(event, out);
    strbuf_add_text(out, "\",\"type\":\"");
    strbuf_add_text(out, coupon_event_type_name(event->type));
    add_time(out, "\",\"occurredAt\":", event->occurred_at_ms);
    strbuf_add_text(out, ",\"couponId\":");
    strbuf_add_u64(out, event->coupon_id);
    if (coupon_event_has_user(event->type))
        add_user_coupon(event, out);
    add_details(event, out);
    strbuf_add(out, "}", 1);
}
