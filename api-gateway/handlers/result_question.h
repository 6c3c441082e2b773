#ifndef RESULT_QUESTION_H
#define RESULT_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/http/http_request.h"
#include "api-gateway/result_location.h"

#define RESULT_WAIT_MAX_S 55 /* below the 60 s after which proxies give up */

/* What a poll asks. No I/O. */
struct result_question {
    struct http_slice request_id;    /* points into the request; checked by the caller */
    struct result_location location; /* RESULT_LOCATION_NONE: not given */
    int wait_s;                      /* 0…RESULT_WAIT_MAX_S */
    bool wait_prefer; /* asked for by "Prefer: wait=N": the answer says that it was applied */
};

/* False: text says what is wrong with the query. A longer wait is cut to the most there is; a
 * Prefer field that can't be read is ignored (RFC 7240). */
bool result_question_read(const struct http_request *request, struct result_question *question,
                          char *text, size_t text_size);

#endif
