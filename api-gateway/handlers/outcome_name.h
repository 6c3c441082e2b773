#ifndef OUTCOME_NAME_H
#define OUTCOME_NAME_H

#include <stdbool.h>

#include "common/base/strbuf.h"
#include "common/http/http_request.h"

/* The names that the system with a switchable queue gives to how a request ended: SUCCESS,
 * VALIDATION_FAILED, DUPLICATE_REQUEST, OUT_OF_STOCK, BUSINESS_ERROR, SYSTEM_ERROR. Its clients
 * find them as one more member, "resultCode", in the documents under /api/coupons/…, null while
 * nothing is decided; documents under other paths are without. Pure. */

/* Is the request one of that system's clients'? */
bool outcome_wanted(const struct http_request *request);

/* The name for a problem's code, a result's reason or its status: "SOLD_OUT" is "OUT_OF_STOCK".
 * What has no name of its own is SYSTEM_ERROR; NULL for "PENDING". */
const char *outcome_name(const char *code);

/* Append "\"resultCode\":…" for a code. */
void outcome_add(struct strbuf *out, const char *code);

/* Append a result, or a pending one, as common/contract/issue_result.h writes it, and the member
 * behind its others. */
void outcome_add_result(struct strbuf *out, const char *json, size_t len);

#endif
