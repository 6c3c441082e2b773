#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "common/base/strbuf.h"

#define HTTP_PROBLEM_TYPE "application/problem+json"

/* Add a problem document (RFC 9457) to out. detail is plain text; members is NULL or ready JSON
 * members without the comma in front. */
void http_problem_write(struct strbuf *out, int status, const char *code, const char *detail,
                        const char *members);

#endif
