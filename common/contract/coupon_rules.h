#ifndef COUPON_RULES_H
#define COUPON_RULES_H

#include "common/contract/coupon.h"

/* What must fit together in a coupon that an admin makes or changes. Pure. NULL: all does; else a
 * sentence that names the member that does not fit. */
const char *coupon_rules_check(const struct coupon *coupon);

#endif
