#ifndef ISSUE_ANSWER_H
#define ISSUE_ANSWER_H

#include "api-gateway/io_thread.h"
#include "common/http/http_exchange.h"

/* The two answers to an issue request that was let through; each ends the exchange. */

/* 202. location: of its record, or RESULT_LOCATION_NONE. publish: see issue_handle_publish. */
void issue_answer_accepted(struct io_thread *thread, struct http_exchange *exchange,
                           const struct issue_request *request, bool publish,
                           struct result_location location);

/* 503, outcome unknown. */
void issue_answer_unknown(struct io_thread *thread, struct http_exchange *exchange,
                          const struct issue_request *request);

#endif
