#ifndef SHOP_EVENT_H
#define SHOP_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract/issue_request.h"
#include "common/contract/order_id.h"

/* What the shop tells of its orders, each kind in a topic of its own, as JSON:
 *
 *   payment-completed {"version":1,"orderId","userId","totalAmount","discountAmount","finalAmount",
 *                       "items",…} and, where a coupon was used, "couponId" and "issueNo"
 *   order-cancelled    {"version":1,"orderId","userId",…}
 */
#define SHOP_EVENT_VERSION 1
#define SHOP_EVENT_VALUE_MAX 262144 /* bytes; a longer value is a fault */

enum shop_event_kind { SHOP_EVENT_PAYMENT_COMPLETED, SHOP_EVENT_ORDER_CANCELLED };

struct shop_event {
    enum shop_event_kind kind;
    char order_id[ORDER_ID_MAX + 1];
    uint64_t user_id;

    /* PAYMENT_COMPLETED; a coupon_id of 0: without a coupon, and the rest is not looked at */
    uint64_t coupon_id;
    uint32_t issue_no;
    int64_t total_amount;    /* before the discount, in the currency's smallest unit */
    int64_t discount_amount; /* -1: not told, nor can it be seen from the final amount */
    bool amounts_differ;     /* discount and final amount don't make up the total */
};

const char *shop_event_kind_name(enum shop_event_kind kind);

/* Read a record's value, tolerantly: unknown members are ignored, null is as good as absent, and
 * schemaVersion may stand for version. orderId: see order_id.h. Faults: EMPTY, TOO_LONG, NOT_JSON,
 * WRONG_SHAPE, NEW_VERSION; on one event is undefined and detail says what is wrong in a sentence
 * without the value's bytes. */
enum issue_request_fault shop_event_decode(enum shop_event_kind kind, const char *value, size_t len,
                                           struct shop_event *event, char *detail,
                                           size_t detail_size);

#endif
