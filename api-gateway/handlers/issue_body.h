#ifndef ISSUE_BODY_H
#define ISSUE_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "common/http/http_request.h"

/* Who wants which coupon, read from an HTTP request of any of the issue paths. No I/O. */
struct issue_wish {
    uint64_t coupon_id;
    uint64_t user_id;
    const char *key; /* Idempotency-Key without quotes; NULL: none */
    size_t key_len;
};

enum issue_body_fault { ISSUE_BODY_OK, ISSUE_BODY_NOT_JSON, ISSUE_BODY_INVALID };

#define ISSUE_BODY_KEY_MAX 255

/* What the path's {…} is; the other id comes from the body, or userId from the query. */
enum issue_path { ISSUE_PATH_COUPON, ISSUE_PATH_USER };

/* On a fault text says what is wrong. The key points into the request. caller_id: the user for a
 * request that names none; 0: it must name one. Whether the two agree is not looked at here. */
enum issue_body_fault issue_body_read(const struct http_request *request, enum issue_path path,
                                      uint64_t caller_id, struct issue_wish *wish, char *text,
                                      size_t text_size);

#endif
