#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract/coupon.h"

#define POLICY_WINDOWS_MAX 100

/* A time-attack policy: several windows, each with its own stock, each a coupon. */
struct policy {
    uint64_t policy_id; /* 0: none yet */
    char name[COUPON_NAME_MAX * 4 + 1];
    size_t window_count;
    struct coupon *windows; /* owned; in the order of their starts */
};

/* Read the body of POST /admin/v1/policies: name and windows, each {startsAt, endsAt, totalStock},
 * all required; policyId; and what all windows share, as in coupon_decode. Windows that overlap are
 * refused. False: as with coupon_decode. policy_free in any case. */
bool policy_decode(const char *bytes, size_t len, struct policy *policy, bool *not_json,
                   char *error, size_t error_size);

/* Append {"policyId","name","windows":[coupons as the admin API shows them]}. */
void policy_encode(const struct policy *policy, struct strbuf *out);

void policy_free(struct policy *policy);

#endif
