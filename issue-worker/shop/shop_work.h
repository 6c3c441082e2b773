#ifndef SHOP_WORK_H
#define SHOP_WORK_H

#include "common/contract/shop_event.h"
#include "issue-worker/batch_body.h"

/* What is done with records of one kind of the shop's events. A payment that names a coupon uses
 * it, where our arithmetic and the shop's agree; one without a coupon is passed over. A cancelled
 * order gives its coupon back, and never uses one again: it does not matter which of its two events
 * is read first, since they come from two topics; a payment that comes second finds nothing to do.
 * What can't be done is a dead letter, with the name of the refusal (user_coupon_step_name) as its
 * cause, and changes nothing. */
struct shop_work;

struct shop_work *shop_work_new(enum shop_event_kind kind);
void shop_work_free(struct shop_work *work);

/* For the loops that read the kind's topic; lives as long as work. Any threads. */
const struct batch_body *shop_work_body(const struct shop_work *work);

#endif
