#ifndef TOKEN_JSON_H
#define TOKEN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What tokens and key sets need of JSON beyond common/contract/json.h. Objects are read by
 * json_read_object. */
struct json_t;

/* null counts as there. */
bool token_json_has(const struct json_t *object, const char *name);

/* A NumericDate (RFC 7519 section 2): seconds from 1970 to the year 9999, fractions allowed, as
 * milliseconds. False: absent, or something else. */
bool token_json_seconds(const struct json_t *object, const char *name, int64_t *wall_ms);

/* Is the member this text, or an array of texts that has it? */
bool token_json_names(const struct json_t *object, const char *name, const char *text);

/* Element index of the array called name; it lives as long as object. NULL: there is none. */
const struct json_t *token_json_element(const struct json_t *object, const char *name,
                                        size_t index);
bool token_json_is_array(const struct json_t *object, const char *name);
bool token_json_is_object(const struct json_t *value);

#endif
