#include "common/contract/order_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool order_id_valid(const char *text, size_t len)
{
    if (len == 0 || len > ORDER_ID_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return true;
}

enum json_field order_id_read(const struct json_t *object, const char *name,
                              char order_id[ORDER_ID_MAX + 1])
{
    const char *text;
    size_t len;
    int64_t number;
    enum json_field field = json_get_text(object, name, &text, &len);

    if (field == JSON_FIELD_ABSENT)
        return field;
    if (field == JSON_FIELD_PRESENT) {
        if (!order_id_valid(text, len))
            return JSON_FIELD_WRONG;
        memcpy(order_id, text, len + 1);
        return field;
    }
    field = json_get_integer(object, name, 0, INT64_MAX, &number);
    if (field == JSON_FIELD_PRESENT)
        snprintf(order_id, ORDER_ID_MAX + 1, "%" PRId64, number);
    return field;
}
