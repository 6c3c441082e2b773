#ifndef ISSUE_POLICY_H
#define ISSUE_POLICY_H

#include "api-gateway/handlers/issue_answer.h"
#include "api-gateway/handlers/issue_body.h"
#include "common/http/http_exchange.h"

/* A request that names a policy goes on as one for the coupon whose window is open now, else for
 * the next one, else for the last, whose answers then are NOT_STARTED and ENDED. Takes the exchange
 * over; wish is read in the call only, but its key lives as long as the exchange.
 *
 * A policy of which nothing is known here, because MySQL does not answer, is 503: sent on under the
 * policy's name, the request would lie in another partition than those that gateways which know the
 * policy send on, and be decided out of turn. */
void issue_policy_wanted(struct http_exchange *exchange, const struct issue_wish *wish,
                         struct issue_style style);

#endif
