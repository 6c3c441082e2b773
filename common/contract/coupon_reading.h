#ifndef COUPON_READING_H
#define COUPON_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract/coupon.h"
#include "common/contract/json.h"

/* Reading the members of a JSON body that tells of coupons. Each function is false where a member
 * is wrong, and error then says which and what is allowed; what it fills stays as it was where the
 * member is absent or null. */
struct coupon_reading {
    struct json_t *body;
    char *error;
    size_t error_size;
};

/* Write the error; always false. */
bool coupon_reading_fail(const struct coupon_reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Read bytes as a JSON object into reading->body, which is the caller's to json_free. False:
 * *not_json is true for what RFC 8259 forbids. */
bool coupon_reading_start(struct coupon_reading *reading, const char *bytes, size_t len,
                          bool *not_json);

/* A name that is mistyped must not pass for one that is not given: what is none of names is
 * refused. thing: what they are members of, "a coupon". */
bool coupon_reading_known(const struct coupon_reading *reading, const char *thing,
                          const char *const *names, size_t name_count);

bool coupon_reading_integer(const struct coupon_reading *reading, const char *name, int64_t min,
                            int64_t max, int64_t *number);
bool coupon_reading_u32(const struct coupon_reading *reading, const char *name, uint32_t min,
                        uint32_t max, uint32_t *number);
bool coupon_reading_time(const struct coupon_reading *reading, const char *name, int64_t *wall_ms);

/* An id that somebody chooses, at most COUPON_ID_MAX: ids made by the database go up from the
 * largest one there is, so that one must leave room. */
bool coupon_reading_id(const struct coupon_reading *reading, const char *name, uint64_t *id);

/* The members of a coupon, one after the other or in groups; coupon_rules.h says what fits
 * together. */
bool coupon_reading_name(const struct coupon_reading *reading, struct coupon *coupon);
bool coupon_reading_stock(const struct coupon_reading *reading, struct coupon *coupon);
bool coupon_reading_user_limit(const struct coupon_reading *reading, struct coupon *coupon);
bool coupon_reading_discount(const struct coupon_reading *reading, struct coupon *coupon);
bool coupon_reading_validity(const struct coupon_reading *reading, struct coupon *coupon);

/* DRAFT or OPEN, with which a coupon begins. */
bool coupon_reading_status(const struct coupon_reading *reading, struct coupon *coupon);

#endif
