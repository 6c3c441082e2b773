#ifndef COUPON_PATCH_H
#define COUPON_PATCH_H

#include "common/contract/coupon.h"

/* A change that an admin asks for: the body of PATCH /admin/v1/coupons/{id}, as in RFC 7396. What
 * is absent stays; null takes issueEndsAt, validUntil, validForSeconds or maxDiscountAmount away.
 * couponId, policyId and status are no members of it. Pure. */
struct coupon_patch {
    unsigned int members; /* a set of enum coupon_member */
    struct coupon values; /* of these members */
};

/* Read the body. False: as with coupon_decode. */
bool coupon_patch_decode(const char *bytes, size_t len, struct coupon_patch *patch, bool *not_json,
                         char *error, size_t error_size);

enum coupon_patch_end {
    COUPON_PATCH_CHANGE,       /* *to is the coupon after it, *members what differs */
    COUPON_PATCH_NONE,         /* it is so already */
    COUPON_PATCH_CLOSED,       /* of a closed coupon only the name can change */
    COUPON_PATCH_BELOW_ISSUED, /* totalStock below what is given out */
    COUPON_PATCH_GIVEN_OUT,    /* the discount of what users hold */
    COUPON_PATCH_UNFIT         /* *wrong says which members do not fit together */
};

/* What the change makes of a coupon; its version and what is issued stay. */
enum coupon_patch_end coupon_patch_apply(const struct coupon_patch *patch,
                                         const struct coupon *from, struct coupon *to,
                                         unsigned int *members, const char **wrong);

#endif
