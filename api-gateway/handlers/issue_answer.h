#ifndef ISSUE_ANSWER_H
#define ISSUE_ANSWER_H

#include "api-gateway/io_thread.h"
#include "common/http/http_exchange.h"

/* What the path that a client asked by wants of its answers. */
struct issue_style {
    bool publish; /* see issue_handle_publish */
    bool outcome; /* see outcome_wanted */
};

/* The two answers to an issue request that was let through; each ends the exchange. */

/* 202. location: of its record, or RESULT_LOCATION_NONE. */
void issue_answer_accepted(struct io_thread *thread, struct http_exchange *exchange,
                           const struct issue_request *request, struct issue_style style,
                           struct result_location location);

/* 503, outcome unknown. */
void issue_answer_unknown(struct io_thread *thread, struct http_exchange *exchange,
                          const struct issue_request *request, struct issue_style style);

#endif
