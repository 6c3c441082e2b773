#include "api-gateway/auth/bearer.h"

#include <stddef.h>

#define SCHEME "bearer "
#define SCHEME_LEN (sizeof SCHEME - 1)

enum bearer bearer_read(const struct http_request *request, struct http_slice *token)
{
    const struct http_slice *value = NULL;

    for (size_t i = 0; i < request->field_count; i++) {
        if (!http_slice_is(request->fields[i].name, "authorization"))
            continue;
        if (value)
            return BEARER_UNUSABLE;
        value = &request->fields[i].value;
    }
    if (!value || value->len < SCHEME_LEN ||
        !http_slice_is_nocase((struct http_slice){value->data, SCHEME_LEN}, SCHEME))
        return BEARER_MISSING;
    *token = (struct http_slice){value->data + SCHEME_LEN, value->len - SCHEME_LEN};
    while (token->len > 0 && token->data[0] == ' ') {
        token->data++;
        token->len--;
    }
    return BEARER_GIVEN;
}
