#ifndef COUPON_EVENT_H
#define COUPON_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/contract/coupon.h"
#include "common/contract/request_id.h"

/* What other systems hear of a coupon's life, by topic coupon-events: key = couponId in decimal,
 * value = the JSON below, headers = the attributes of CloudEvents 1.0 (binary mode of the Kafka
 * binding). deploy/events has the JSON Schema of each type.
 *
 * The events of one user coupon are numbered by changeNo: 1 is "issued", and each later change of
 * its row adds one (column user_coupon.change_no). So its id, "{couponId}.{issueNo}.{changeNo}", is
 * the same however often the change is tried or told, and a reader that has seen changeNo n of a
 * user coupon knows everything up to n. "sold-out" has "{couponId}.sold-out.{totalStock}": the last
 * of so many was issued, which happens once.
 *
 * Members are only ever added, and schemaVersion counts that; readers ignore what they do not know
 * and never refuse a higher version. What would break a reader gets another type. */
#define COUPON_EVENT_VERSION 1
#define COUPON_EVENT_VALUE_MAX 16384  /* bytes of a value that is read */
#define COUPON_EVENT_ORDER_ID_MAX 128 /* bytes of UTF-8 */
#define COUPON_EVENT_SOURCE "/coupon-rush"
#define COUPON_EVENT_SCHEMA_PREFIX "urn:coupon-rush:event:" /* and the type: ce_dataschema */
#define COUPON_EVENT_ID_SIZE 64

enum coupon_event_type {
    COUPON_EVENT_ISSUED = 1,
    COUPON_EVENT_SOLD_OUT,
    COUPON_EVENT_USED,
    COUPON_EVENT_USE_CANCELLED,
    COUPON_EVENT_EXPIRED,
    COUPON_EVENT_REVOKED
};

/* "coupon.issued", "coupon.sold-out", "coupon.used", "coupon.use-cancelled", "coupon.expired",
 * "coupon.revoked". */
const char *coupon_event_type_name(enum coupon_event_type type);
bool coupon_event_type_parse(const char *name, size_t len, enum coupon_event_type *type);

/* Which members hold is said by type; the others are 0. */
struct coupon_event {
    enum coupon_event_type type;
    uint64_t coupon_id;
    int64_t occurred_at_ms; /* the database's clock in the transaction of the change */

    /* SOLD_OUT */
    uint32_t total_stock;

    /* all others */
    uint32_t issue_no;
    uint32_t change_no; /* of the row after the change; ISSUED: 1 */
    uint64_t user_id;

    /* ISSUED */
    char request_id[REQUEST_ID_MAX + 1];
    int64_t expires_at_ms; /* COUPON_NEVER_MS: it does not expire */

    /* USED, USE_CANCELLED; amounts in the smallest unit of the currency */
    char order_id[COUPON_EVENT_ORDER_ID_MAX + 1];
    int64_t order_amount; /* USED, with the two below */
    int64_t discount_amount;
    int64_t final_amount;

    /* USE_CANCELLED: its time was over, so it is EXPIRED now, not ISSUED; no other event says so */
    bool expired;
};

/* Does the event concern a user's coupon (all but SOLD_OUT)? */
bool coupon_event_has_user(enum coupon_event_type type);

/* What the user coupon's status is after the event: "ISSUED", "USED", "EXPIRED", "REVOKED". */
const char *coupon_event_status(const struct coupon_event *event);

/* The event's id, and what it is about ("coupons/1/issued/42" or "coupons/1"): ce_id, ce_subject.
 * Both append; of [A-Za-z0-9./-]. */
void coupon_event_add_id(const struct coupon_event *event, struct strbuf *out);
void coupon_event_add_subject(const struct coupon_event *event, struct strbuf *out);

/* Append the value: one JSON object. */
void coupon_event_encode(const struct coupon_event *event, struct strbuf *out);

/* Read a value. False: it is no event that we know; error says why as a half-sentence. A type that
 * is not known leaves event->type 0: a newer writer's, to be passed over. */
bool coupon_event_decode(const char *bytes, size_t len, struct coupon_event *event, char *error,
                         size_t error_size);

#endif
