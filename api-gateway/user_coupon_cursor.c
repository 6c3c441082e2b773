#include "api-gateway/user_coupon_cursor.h"

#include <endian.h>
#include <string.h>
#include <sodium.h>

#include "common/base/check.h"

#define BYTES 12 /* big-endian: couponId, userSeq */

void user_coupon_cursor_format(const struct user_coupon_cursor *cursor,
                               char text[USER_COUPON_CURSOR_SIZE])
{
    unsigned char bytes[BYTES];
    uint64_t coupon_id = htobe64(cursor->coupon_id);
    uint32_t user_seq = htobe32(cursor->user_seq);

    memcpy(bytes, &coupon_id, sizeof coupon_id);
    memcpy(bytes + sizeof coupon_id, &user_seq, sizeof user_seq);
    CHECK(sodium_bin2base64(text, USER_COUPON_CURSOR_SIZE, bytes, BYTES,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING),
          "a cursor's text");
}

bool user_coupon_cursor_parse(const char *text, size_t len, struct user_coupon_cursor *cursor)
{
    unsigned char bytes[BYTES];
    uint64_t coupon_id;
    uint32_t user_seq;
    size_t read = 0;
    const char *end;

    if (len != USER_COUPON_CURSOR_SIZE - 1 ||
        sodium_base642bin(bytes, BYTES, text, len, NULL, &read, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        read != BYTES || end != text + len)
        return false;
    memcpy(&coupon_id, bytes, sizeof coupon_id);
    memcpy(&user_seq, bytes + sizeof coupon_id, sizeof user_seq);
    cursor->coupon_id = be64toh(coupon_id);
    cursor->user_seq = be32toh(user_seq);
    return cursor->coupon_id >= 1 && cursor->coupon_id <= INT64_MAX && cursor->user_seq >= 1;
}
