#ifndef ORDER_ID_H
#define ORDER_ID_H

#include <stdbool.h>
#include <stddef.h>

#include "common/contract/json.h"

/* The number of an order, as the shop gave it: 1 to 64 visible ASCII characters, compared byte by
 * byte. It is the shop's for one of its users; another user's order may have the same. */
#define ORDER_ID_MAX 64

bool order_id_valid(const char *text, size_t len);

/* Read a member: a string, or an integer, which stands for its decimal digits. */
enum json_field order_id_read(const struct json_t *object, const char *name,
                              char order_id[ORDER_ID_MAX + 1]);

#endif
