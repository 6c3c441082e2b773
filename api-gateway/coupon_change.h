#ifndef COUPON_CHANGE_H
#define COUPON_CHANGE_H

#include <stdint.h>

#include "api-gateway/coupon_transaction.h"
#include "api-gateway/coupon_transition.h"
#include "api-gateway/if_match.h"
#include "common/contract/coupon.h"
#include "common/contract/coupon_patch.h"

/* What an admin changes of a coupon that there is, in SQL; each is one transaction with its row in
 * coupon_change. Pool threads only. */

enum coupon_change_end {
    COUPON_CHANGE_DONE,
    COUPON_CHANGE_NONE,         /* it is so already */
    COUPON_CHANGE_UNKNOWN,      /* there is no such coupon */
    COUPON_CHANGE_STALE,        /* its version is none of those that the client knows */
    COUPON_CHANGE_CLOSED,       /* refused: CLOSED is final */
    COUPON_CHANGE_NOT_OPEN,     /* refused: only what is open can be paused */
    COUPON_CHANGE_BELOW_ISSUED, /* refused: more are given out than totalStock would be */
    COUPON_CHANGE_GIVEN_OUT,    /* refused: users hold it already */
    COUPON_CHANGE_OVERLAP,      /* refused: another window of its policy is open at that time */
    COUPON_CHANGE_UNFIT         /* refused: wrong says which members do not fit together */
};

/* A change that is asked for, and what came of it. On SQL_OK end is set, and coupon is the row as
 * it is now, after COUPON_CHANGE_UNKNOWN and a DELETE nothing. */
struct coupon_change {
    uint64_t coupon_id;
    struct if_match if_match;
    enum coupon_status wanted; /* of coupon_change_status: OPEN, PAUSED or CLOSED */
    struct coupon_patch patch; /* of coupon_change_patch */

    enum coupon_change_end end;
    struct coupon coupon;
    const char *wrong;
};

/* Change the status where coupon_transition allows it. */
enum sql_class coupon_change_status(struct sql_session *session, const struct coupon_log *log,
                                    struct coupon_change *change, struct sql_fault *fault);

/* Change members of it where coupon_patch_apply allows it. */
enum sql_class coupon_change_patch(struct sql_session *session, const struct coupon_log *log,
                                   struct coupon_change *change, struct sql_fault *fault);

/* Delete it while nothing is issued. Requests for it that are still in the log are decided as
 * UNKNOWN_COUPON. */
enum sql_class coupon_change_delete(struct sql_session *session, const struct coupon_log *log,
                                    struct coupon_change *change, struct sql_fault *fault);

#endif
