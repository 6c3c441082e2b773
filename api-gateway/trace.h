#ifndef TRACE_H
#define TRACE_H

#include "common/contract/traceparent.h"
#include "common/http/http_request.h"

/* The request's traceparent, or "" where it has none, a malformed one, or several. */
void trace_read(const struct http_request *request, char traceparent[TRACEPARENT_SIZE]);

#endif
