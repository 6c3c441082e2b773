#ifndef ISSUE_SPOOLED_H
#define ISSUE_SPOOLED_H

#include "api-gateway/handlers/issue_answer.h"
#include "api-gateway/io_thread.h"
#include "common/http/http_exchange.h"

/* An admitted request that goes through the spool: 202 after its COMMIT, 503 where that fails or
 * takes longer than the accept time-out since it came. Takes the exchange over. tried: it was
 * handed to Kafka before and may be in the log already, so that a failure leaves its outcome
 * unknown. */
void issue_spooled_add(struct io_thread *thread, struct http_exchange *exchange,
                       const struct issue_request *request, struct issue_style style, bool tried);

/* Call several times a second: answers those that have waited too long. */
void issue_spooled_tick(struct io_thread *thread, int64_t now_us);

#endif
