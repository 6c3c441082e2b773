#include "common/mysql/user_coupon_row.h"

#include <string.h>

#include "common/base/check.h"
#include "common/mysql/sql_session.h"

void user_coupon_row_read(char **values, const unsigned long *lengths, struct user_coupon *held)
{
    *held = (struct user_coupon){
        .coupon_id = (uint64_t)sql_read_number(values[0], 0),
        .issue_no = (uint32_t)sql_read_number(values[1], 0),
        .user_id = (uint64_t)sql_read_number(values[2], 0),
        .user_seq = (uint32_t)sql_read_number(values[3], 0),
        .issued_at_ms = sql_read_time(values[5], lengths[5], 0),
        .expires_at_ms = sql_read_time(values[6], lengths[6], COUPON_NEVER_MS),
        .used_at_ms = sql_read_time(values[7], lengths[7], COUPON_NEVER_MS),
        .change_no = (uint32_t)sql_read_number(values[8], 0),
    };
    CHECK(user_coupon_status_parse(values[4], lengths[4], &held->status), "status %s", values[4]);
}

static enum coupon_order_state read_state(const char *name)
{
    if (!name)
        return COUPON_ORDER_NONE;
    if (strcmp(name, "USED") == 0)
        return COUPON_ORDER_USED;
    return strcmp(name, "CLOSED") == 0 ? COUPON_ORDER_CLOSED : COUPON_ORDER_CANCELLED;
}

void coupon_order_row_read(char **values, struct coupon_order *order)
{
    *order = (struct coupon_order){
        .state = read_state(values[0]),
        .coupon_id = (uint64_t)sql_read_number(values[1], 0),
        .issue_no = (uint32_t)sql_read_number(values[2], 0),
        .order_amount = sql_read_number(values[3], 0),
        .discount_amount = sql_read_number(values[4], 0),
    };
}
