#include "common/http/http_request.h"

#include <string.h>

const char *http_method_name(enum http_method method)
{
    static const char *const names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                        "PATCH", "DELETE", "OPTIONS", "_OTHER"};

    return names[method];
}

bool http_slice_is_nocase(struct http_slice slice, const char *lower)
{
    size_t i;

    for (i = 0; i < slice.len && lower[i] != '\0'; i++) {
        char c = slice.data[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (c != lower[i])
            return false;
    }
    return i == slice.len && lower[i] == '\0';
}

bool http_slice_id(struct http_slice slice, uint64_t *id)
{
    uint64_t number = 0;

    if (slice.len == 0 || slice.len > 19 || slice.data[0] == '0')
        return false;
    for (size_t i = 0; i < slice.len; i++) {
        if (slice.data[i] < '0' || slice.data[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(slice.data[i] - '0');
    }
    if (number > INT64_MAX)
        return false;
    *id = number;
    return true;
}

const struct http_slice *http_request_field(const struct http_request *request, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < request->field_count; i++) {
        const struct http_field *field = &request->fields[i];

        if (field->name.len == len && memcmp(field->name.data, name, len) == 0)
            return &field->value;
    }
    return NULL;
}

bool http_request_query(const struct http_request *request, const char *name,
                        struct http_slice *value, bool *twice)
{
    size_t name_len = strlen(name);
    const char *at = request->query.data;
    const char *end = at + request->query.len;
    bool found = false;

    *twice = false;
    if (request->query.len == 0)
        return false;
    while (at < end) {
        const char *next = memchr(at, '&', (size_t)(end - at));
        const char *stop = next != NULL ? next : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        const char *name_end = equals != NULL ? equals : stop;

        if ((size_t)(name_end - at) == name_len && memcmp(at, name, name_len) == 0) {
            const char *start = equals != NULL ? equals + 1 : stop;

            if (found) {
                *twice = true;
                return true;
            }
            found = true;
            value->data = start;
            value->len = (size_t)(stop - start);
        }
        at = next != NULL ? next + 1 : end;
    }
    return found;
}
