#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reading JSON that others wrote: strict RFC 8259, by Jansson, which keeps integers exact (cJSON,
 * with which we write, keeps numbers as double and accepts much that the RFC forbids). */
struct json_t;

enum json_fault {
    JSON_OK,
    JSON_INVALID,   /* what RFC 8259 forbids, and text that UTF-8 cannot hold (a lone surrogate) */
    JSON_UNUSABLE,  /* JSON, but with a key twice, a NUL, too deep, or a number out of range */
    JSON_NOT_OBJECT /* JSON, but not an object */
};

/* Read bytes as one JSON object. On JSON_OK *object is owned by the caller (json_free). On a fault
 * *object is NULL and text (if not NULL) says what is wrong and where, as a half-sentence that
 * quotes nothing of the input: "it ends too early (at byte 17)". Running out of memory ends the
 * process. */
enum json_fault json_read_object(const char *bytes, size_t len, struct json_t **object, char *text,
                                 size_t text_size);
void json_free(struct json_t *object);

/* What a field holds. ABSENT also for null, so that "couponId":null reads as not given. */
enum json_field { JSON_FIELD_ABSENT, JSON_FIELD_PRESENT, JSON_FIELD_WRONG };

/* The functions below leave their results as they were unless they return JSON_FIELD_PRESENT. */

/* An id: an integer 1…INT64_MAX; 1.0, "1" and true are wrong. */
enum json_field json_get_id(const struct json_t *object, const char *name, uint64_t *id);

/* An integer min…max. */
enum json_field json_get_integer(const struct json_t *object, const char *name, int64_t min,
                                 int64_t max, int64_t *number);

/* A string; the pointer lives as long as object. len excludes the NUL that is behind it. */
enum json_field json_get_text(const struct json_t *object, const char *name, const char **text,
                              size_t *len);

/* An instant: an RFC 3339 string (timestamp.h), or an integer of milliseconds since 1970; never
 * after TIMESTAMP_MAX_MS, so that it can be formatted. */
enum json_field json_get_time(const struct json_t *object, const char *name, int64_t *wall_ms);

/* The member is there, null or not; it is there and null. */
bool json_has_member(const struct json_t *object, const char *name);
bool json_is_null_member(const struct json_t *object, const char *name);

/* The array called name, or NULL and field is ABSENT or WRONG; its elements are asked for by number
 * and are NULL where they are no objects. They live as long as object. */
const struct json_t *json_get_array(const struct json_t *object, const char *name, size_t *count,
                                    enum json_field *field);
struct json_t *json_array_object(const struct json_t *array, size_t i);

/* The first member whose name is none of names (it lives as long as object); NULL: all are known.
 */
const char *json_unknown_member(const struct json_t *object, const char *const *names,
                                size_t name_count);

#endif
