#ifndef ADMISSION_H
#define ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/coupon.h"

/* What the gateway knows of a coupon when a request comes in; pure. */
struct coupon_view {
    struct coupon coupon;
    uint32_t
        sold_out_stock; /* the worker said: nothing is left of this total_stock; 0: said nothing */
};

enum admission {
    ADMISSION_ADMIT, /* let the worker decide: also on any doubt */
    ADMISSION_SOLD_OUT,
    ADMISSION_NOT_STARTED,
    ADMISSION_ENDED,
    ADMISSION_PAUSED,
    ADMISSION_CLOSED
};

/* May a request for this coupon go to Kafka? now_ms is the instant that would be its acceptedAt. */
enum admission admission_decide(const struct coupon_view *view, int64_t now_ms);

/* How many are left, as far as is known here. */
uint32_t admission_remaining(const struct coupon_view *view);

/* "SOLD_OUT", …: the code of the 409; and a sentence for its detail. Not for ADMIT. */
const char *admission_code(enum admission admission);
const char *admission_detail(enum admission admission);

#endif
