#ifndef HOLDER_FILTER_H
#define HOLDER_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Says of most users, from memory, that they hold nothing of a coupon, so that only the others are
 * looked up in the database. The holders of a coupon are its rows 1…issued_count, which never
 * change their user; whoever has the coupon's row locked and finds issued_count equal to what a
 * filter covers needs no look at the rows. A filter may take a user for a holder who is none (about
 * one in a thousand), never the other way, so a user that was added for nothing does no harm. Pure:
 * no I/O. A Bloom filter whose bits of one user share a cache line. */
struct holder_filter;

/* Filters of several coupons, with a bound on their memory together: the one that was used least
 * lately goes first. Zero-initialise. */
#define HOLDER_FILTERS_MAX 64
#define HOLDER_FILTERS_MAX_BYTES (32u << 20)

struct holder_filters {
    struct holder_filter *items[HOLDER_FILTERS_MAX]; /* used most lately first */
    size_t count;
    size_t bytes;
};

/* Forget all. */
void holder_filters_clear(struct holder_filters *filters);

/* The coupon's filter, or NULL. It lives until the next call of holder_filters_make or _clear. */
struct holder_filter *holder_filters_find(struct holder_filters *filters, uint64_t coupon_id);

/* An empty filter for up to total_stock holders, instead of the one that the coupon may have. NULL:
 * the coupon is too large for one. */
struct holder_filter *holder_filters_make(struct holder_filters *filters, uint64_t coupon_id,
                                          uint32_t total_stock);

/* How many holders it was made for, and up to which issue_no all are in it. */
uint32_t holder_filter_capacity(const struct holder_filter *filter);
uint32_t holder_filter_covered(const struct holder_filter *filter);

void holder_filter_add(struct holder_filter *filter, uint64_t user_id);

/* The users of all rows up to issue_no were added. */
void holder_filter_cover(struct holder_filter *filter, uint32_t issue_no);

/* False: none of the covered rows is the user's. */
bool holder_filter_may_hold(const struct holder_filter *filter, uint64_t user_id);

#endif
