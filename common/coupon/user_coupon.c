#include "common/coupon/user_coupon.h"

#include <string.h>

#include "common/base/check.h"

static const char *const names[] = {
    [USER_COUPON_ISSUED] = "ISSUED",
    [USER_COUPON_USED] = "USED",
    [USER_COUPON_EXPIRED] = "EXPIRED",
    [USER_COUPON_REVOKED] = "REVOKED",
};

const char *user_coupon_status_name(enum user_coupon_status status)
{
    CHECK(status >= USER_COUPON_ISSUED && status <= USER_COUPON_REVOKED, "status %d", (int)status);
    return names[status];
}

bool user_coupon_status_parse(const char *name, size_t len, enum user_coupon_status *status)
{
    for (int i = USER_COUPON_ISSUED; i <= USER_COUPON_REVOKED; i++) {
        if (strlen(names[i]) != len || memcmp(names[i], name, len) != 0)
            continue;
        *status = (enum user_coupon_status)i;
        return true;
    }
    return false;
}

enum user_coupon_status user_coupon_status_at(const struct user_coupon *held, int64_t now_ms)
{
    if (held->status == USER_COUPON_ISSUED && held->expires_at_ms <= now_ms)
        return USER_COUPON_EXPIRED;
    return held->status;
}
