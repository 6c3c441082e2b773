#include "common/contract/json.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/base/check.h"
#include "common/base/timestamp.h"

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* Jansson's own texts quote the input, which may be a secret or somebody's name: ours do not. */
static enum json_fault classify(enum json_error_code code, const char **what)
{
    switch (code) {
    case json_error_duplicate_key:
        *what = "a member is there twice";
        return JSON_UNUSABLE;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        *what = "a string holds a NUL";
        return JSON_UNUSABLE;
    case json_error_stack_overflow:
        *what = "it is nested too deeply";
        return JSON_UNUSABLE;
    case json_error_numeric_overflow:
        *what = "a number is out of range";
        return JSON_UNUSABLE;
    case json_error_invalid_utf8:
        *what = "it is not UTF-8";
        return JSON_INVALID;
    case json_error_premature_end_of_input:
        *what = "it ends too early";
        return JSON_INVALID;
    case json_error_end_of_input_expected:
        *what = "something follows the value";
        return JSON_INVALID;
    default:
        *what = "it is not JSON";
        return JSON_INVALID;
    }
}

static enum json_fault refuse(const json_error_t *error, char *text, size_t text_size)
{
    enum json_error_code code = json_error_code(error);
    const char *what;
    enum json_fault fault;

    /* Every refusal of input carries a code; without one it was malloc that failed, and calling
     * good input bad would dead-letter it. */
    CHECK(code != json_error_unknown && code != json_error_out_of_memory,
          "out of memory while JSON was read");
    fault = classify(code, &what);
    if (text != NULL)
        snprintf(text, text_size, "%s (at byte %d)", what, error->position);
    return fault;
}

enum json_fault json_read_object(const char *bytes, size_t len, struct json_t **object, char *text,
                                 size_t text_size)
{
    json_error_t error;
    json_t *value;

    *object = NULL;
    if (len == 0) {
        if (text != NULL)
            snprintf(text, text_size, "it is empty");
        return JSON_INVALID;
    }
    /* Jansson skips a NUL that follows a number or a literal. */
    if (memchr(bytes, '\0', len) != NULL) {
        if (text != NULL)
            snprintf(text, text_size, "it holds a NUL byte");
        return JSON_INVALID;
    }
    /* jsonp_error_init() leaves the code's byte as it was. */
    error.text[JSON_ERROR_TEXT_LENGTH - 1] = json_error_unknown;
    value = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL)
        return refuse(&error, text, text_size);
    if (!json_is_object(value)) {
        if (text != NULL)
            snprintf(text, text_size, "it is %s, not an object", type_name(value));
        json_decref(value);
        return JSON_NOT_OBJECT;
    }
    *object = value;
    return JSON_OK;
}

void json_free(struct json_t *object)
{
    json_decref(object);
}

/* NULL: absent or null. */
static const json_t *find(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_null(value) ? NULL : value;
}

enum json_field json_get_integer(const struct json_t *object, const char *name, int64_t min,
                                 int64_t max, int64_t *number)
{
    const json_t *value = find(object, name);
    int64_t integer;

    if (value == NULL)
        return JSON_FIELD_ABSENT;
    if (!json_is_integer(value))
        return JSON_FIELD_WRONG;
    integer = json_integer_value(value);
    if (integer < min || integer > max)
        return JSON_FIELD_WRONG;
    *number = integer;
    return JSON_FIELD_PRESENT;
}

enum json_field json_get_id(const struct json_t *object, const char *name, uint64_t *id)
{
    int64_t number;
    enum json_field field = json_get_integer(object, name, 1, INT64_MAX, &number);

    if (field == JSON_FIELD_PRESENT)
        *id = (uint64_t)number;
    return field;
}

enum json_field json_get_text(const struct json_t *object, const char *name, const char **text,
                              size_t *len)
{
    const json_t *value = find(object, name);

    if (value == NULL)
        return JSON_FIELD_ABSENT;
    if (!json_is_string(value))
        return JSON_FIELD_WRONG;
    *text = json_string_value(value);
    *len = json_string_length(value);
    return JSON_FIELD_PRESENT;
}

enum json_field json_get_time(const struct json_t *object, const char *name, int64_t *wall_ms)
{
    const json_t *value = find(object, name);

    if (value == NULL)
        return JSON_FIELD_ABSENT;
    if (json_is_integer(value))
        return json_get_integer(object, name, 0, TIMESTAMP_MAX_MS, wall_ms);
    if (!json_is_string(value) ||
        !timestamp_parse(json_string_value(value), json_string_length(value), wall_ms))
        return JSON_FIELD_WRONG;
    return JSON_FIELD_PRESENT;
}

bool json_has_member(const struct json_t *object, const char *name)
{
    return json_object_get(object, name) != NULL;
}

bool json_is_null_member(const struct json_t *object, const char *name)
{
    return json_is_null(json_object_get(object, name));
}

const struct json_t *json_get_array(const struct json_t *object, const char *name, size_t *count,
                                    enum json_field *field)
{
    const json_t *value = find(object, name);

    *count = 0;
    *field = value == NULL          ? JSON_FIELD_ABSENT
             : json_is_array(value) ? JSON_FIELD_PRESENT
                                    : JSON_FIELD_WRONG;
    if (*field != JSON_FIELD_PRESENT)
        return NULL;
    *count = json_array_size(value);
    return value;
}

struct json_t *json_array_object(const struct json_t *array, size_t i)
{
    json_t *value = json_array_get(array, i);

    return json_is_object(value) ? value : NULL;
}

const char *json_unknown_member(const struct json_t *object, const char *const *names,
                                size_t name_count)
{
    /* Jansson has no iterator for an object that is const; nothing is changed here. */
    json_t *members = (json_t *)(uintptr_t)object;

    for (void *at = json_object_iter(members); at != NULL;
         at = json_object_iter_next(members, at)) {
        const char *name = json_object_iter_key(at);
        size_t i = 0;

        while (i < name_count && strcmp(names[i], name) != 0)
            i++;
        if (i == name_count)
            return name;
    }
    return NULL;
}
