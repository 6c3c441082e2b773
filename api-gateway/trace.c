#include "api-gateway/trace.h"

void trace_read(const struct http_request *request, char traceparent[TRACEPARENT_SIZE])
{
    const struct http_slice *found = NULL;

    traceparent[0] = '\0';
    for (size_t i = 0; i < request->field_count; i++) {
        const struct http_field *field = &request->fields[i];

        if (!http_slice_is(field->name, TRACEPARENT_HEADER))
            continue;
        if (found) {
            traceparent[0] = '\0';
            return;
        }
        found = &field->value;
        traceparent_read(found->data, found->len, traceparent);
    }
}
