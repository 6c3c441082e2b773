#include "api-gateway/auth/token_json.h"

#include <string.h>

#include <jansson.h>

#define SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

bool token_json_has(const struct json_t *object, const char *name)
{
    return json_object_get(object, name) != NULL;
}

bool token_json_seconds(const struct json_t *object, const char *name, int64_t *wall_ms)
{
    const json_t *value = json_object_get(object, name);
    double seconds;

    if (json_is_integer(value)) {
        if (json_integer_value(value) < 0 || json_integer_value(value) > SECONDS_MAX)
            return false;
        *wall_ms = 1000 * json_integer_value(value);
        return true;
    }
    seconds = json_is_real(value) ? json_real_value(value) : -1;
    if (!(seconds >= 0 && seconds <= (double)SECONDS_MAX))
        return false;
    *wall_ms = (int64_t)(seconds * 1000);
    return true;
}

static bool is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && json_string_length(value) == strlen(text) &&
           memcmp(json_string_value(value), text, strlen(text)) == 0;
}

bool token_json_names(const struct json_t *object, const char *name, const char *text)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_array(value))
        return is_text(value, text);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (is_text(json_array_get(value, i), text))
            return true;
    return false;
}

bool token_json_is_array(const struct json_t *object, const char *name)
{
    return json_is_array(json_object_get(object, name));
}

const struct json_t *token_json_element(const struct json_t *object, const char *name, size_t index)
{
    return json_array_get(json_object_get(object, name), index);
}

bool token_json_is_object(const struct json_t *value)
{
    return json_is_object(value);
}
