#ifndef COUPON_H
#define COUPON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/strbuf.h"

enum coupon_status { COUPON_DRAFT = 1, COUPON_OPEN, COUPON_PAUSED, COUPON_CLOSED };
enum coupon_discount { COUPON_FIXED = 1, COUPON_PERCENT };

#define COUPON_NAME_MAX 100 /* characters */
#define COUPON_NEVER_MS INT64_MAX

/* What an admin may give; the largest amounts leave room for arithmetic in 64 bits. */
#define COUPON_ID_MAX (UINT64_C(1) << 62) /* of those that are chosen; of policies too */
#define COUPON_STOCK_MAX 2000000000
#define COUPON_USER_LIMIT_MAX 1000
#define COUPON_AMOUNT_MAX INT64_C(1000000000000000)
#define COUPON_VALID_FOR_MAX INT64_C(3153600000) /* a hundred years */

/* A row of table coupon. Windows are half-open: starts ≤ t < ends. */
struct coupon {
    uint64_t coupon_id;
    uint64_t policy_id; /* 0: none */
    char name[COUPON_NAME_MAX * 4 + 1];
    enum coupon_discount discount_type;
    int64_t discount_value;
    int64_t min_order_amount;
    int64_t max_discount_amount; /* -1: none */
    uint32_t total_stock;
    uint32_t issued_count;
    uint32_t per_user_limit;
    int64_t issue_starts_at_ms;
    int64_t issue_ends_at_ms;  /* COUPON_NEVER_MS: no end */
    int64_t valid_until_ms;    /* COUPON_NEVER_MS: none */
    int64_t valid_for_seconds; /* 0: none */
    enum coupon_status status;
    int64_t closed_at_ms; /* COUPON_NEVER_MS: not closed */
    uint32_t version;
};

const char *coupon_status_name(enum coupon_status status);
bool coupon_status_parse(const char *name, enum coupon_status *status);
const char *coupon_discount_name(enum coupon_discount discount);
bool coupon_discount_parse(const char *name, enum coupon_discount *discount);

/* Append the coupon as the admin API shows it (written with cJSON): all members, camelCase, times
 * RFC 3339 or null, issuedCount and remaining included. */
void coupon_encode(const struct coupon *coupon, struct strbuf *out);

/* The same for the public API: without issuedCount, closedAt and version. */
void coupon_encode_public(const struct coupon *coupon, struct strbuf *out);

/* The members that an admin may change later, as bits of a set. */
enum coupon_member {
    COUPON_MEMBER_NAME = 1 << 0,
    COUPON_MEMBER_TOTAL_STOCK = 1 << 1,
    COUPON_MEMBER_USER_LIMIT = 1 << 2,
    COUPON_MEMBER_DISCOUNT_TYPE = 1 << 3,
    COUPON_MEMBER_DISCOUNT_VALUE = 1 << 4,
    COUPON_MEMBER_MIN_ORDER = 1 << 5,
    COUPON_MEMBER_MAX_DISCOUNT = 1 << 6,
    COUPON_MEMBER_STARTS_AT = 1 << 7,
    COUPON_MEMBER_ENDS_AT = 1 << 8,
    COUPON_MEMBER_VALID_UNTIL = 1 << 9,
    COUPON_MEMBER_VALID_FOR = 1 << 10
};
#define COUPON_MEMBER_COUNT 11

/* "name", "totalStock", …: of bit number i. */
const char *coupon_member_name(size_t i);

/* Append {those members of the set, as coupon_encode shows them, and "version"}. */
void coupon_encode_members(const struct coupon *coupon, unsigned int members, struct strbuf *out);

/* What a coupon is where its body does not say otherwise: perUserLimit 1, discountType FIXED,
 * discountValue 0, minOrderAmount 0, window open from now_ms without end, status DRAFT; and no
 * name, stock or ids. */
void coupon_set_defaults(struct coupon *coupon, int64_t now_ms);

/* Read the body of POST /admin/v1/coupons. name and totalStock are required; the others have
 * their defaults. couponId 0 when not given. A member that is not known is refused. False: error
 * says which member is wrong and what is allowed, *not_json is true for what RFC 8259 forbids, and
 * coupon is undefined. */
bool coupon_decode(const char *bytes, size_t len, int64_t now_ms, struct coupon *coupon,
                   bool *not_json, char *error, size_t error_size);

#endif
