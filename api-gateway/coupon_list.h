#ifndef COUPON_LIST_H
#define COUPON_LIST_H

#include <stddef.h>

#include "api-gateway/sql_pool.h"

/* The page of open coupons that GET /api/v1/coupons answers with, read at most once a refresh
 * however many ask. Loop thread only. */
struct coupon_list;

/* Somebody who waits for the page; embedded in what waits. */
struct coupon_list_wait {
    /* json NULL: MySQL did not answer. Valid in the call only. */
    void (*ready)(struct coupon_list_wait *wait, const char *json, size_t len);
    void *waiting_in; /* NULL: not waiting */
    TAILQ_ENTRY(coupon_list_wait) next;
};

struct coupon_list *coupon_list_new(struct sql_pool *pool, struct sql_mailbox *mailbox,
                                    int64_t refresh_ms);

/* Nobody waits any more, and the mailbox is freed. */
void coupon_list_free(struct coupon_list *list);

enum coupon_list_answer {
    COUPON_LIST_READY,      /* *json is fresh, or the best there is; valid until the loop turns */
    COUPON_LIST_WAIT,       /* wait->ready is called later, never from inside */
    COUPON_LIST_UNAVAILABLE /* nothing was ever read, and too many questions wait for MySQL */
};

enum coupon_list_answer coupon_list_get(struct coupon_list *list, const char **json, size_t *len,
                                        struct coupon_list_wait *wait);

/* Do not call ready. Nothing where it does not wait. */
void coupon_list_leave(struct coupon_list_wait *wait);

#endif
