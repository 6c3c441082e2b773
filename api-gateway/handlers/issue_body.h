#ifndef ISSUE_BODY_H
#define ISSUE_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "common/http/http_request.h"

/* Who wants which coupon, read from an HTTP request of any of the issue paths. No I/O. */
struct issue_wish {
    uint64_t coupon_id; /* 0: the coupon of the policy whose window is open */
    uint64_t policy_id; /* 0: none; not looked at where a coupon is named */
    uint64_t user_id;
    const char *key; /* Idempotency-Key without quotes; NULL: none */
    size_t key_len;
};

enum issue_body_fault { ISSUE_BODY_OK, ISSUE_BODY_NOT_JSON, ISSUE_BODY_INVALID };

#define ISSUE_BODY_KEY_MAX 255

/* What the path's {…} is; the other ids come from the body, or userId from the query.
 * ISSUE_PATH_NONE has none. */
enum issue_path { ISSUE_PATH_COUPON, ISSUE_PATH_USER, ISSUE_PATH_POLICY, ISSUE_PATH_NONE };

/* On a fault text says what is wrong. The key points into the request. caller_id: the user for a
 * request that names none; 0: it must name one. Whether the two agree is not looked at here. */
enum issue_body_fault issue_body_read(const struct http_request *request, enum issue_path path,
                                      uint64_t caller_id, struct issue_wish *wish, char *text,
                                      size_t text_size);

#endif
