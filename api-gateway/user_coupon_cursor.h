#ifndef USER_COUPON_CURSOR_H
#define USER_COUPON_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The last of a page: the next one begins behind it. Clients get it as a text that they are not to
 * look into. Pure. */
struct user_coupon_cursor {
    uint64_t coupon_id; /* 1…INT64_MAX */
    uint32_t user_seq;
};

#define USER_COUPON_CURSOR_SIZE 17 /* with its NUL */

void user_coupon_cursor_format(const struct user_coupon_cursor *cursor,
                               char text[USER_COUPON_CURSOR_SIZE]);

/* False: it is none that was ever given out. */
bool user_coupon_cursor_parse(const char *text, size_t len, struct user_coupon_cursor *cursor);

#endif
