#ifndef COUPON_TRANSITION_H
#define COUPON_TRANSITION_H

#include "common/contract/coupon.h"

/* What it means to ask for a coupon's status to become another. */
enum coupon_step {
    COUPON_STEP_CHANGE,
    COUPON_STEP_NONE,    /* it is so already */
    COUPON_STEP_CLOSED,  /* refused: CLOSED is final */
    COUPON_STEP_NOT_OPEN /* refused: only what is open can be paused */
};

/* wanted is OPEN, PAUSED or CLOSED. */
enum coupon_step coupon_transition(enum coupon_status from, enum coupon_status wanted);

#endif
